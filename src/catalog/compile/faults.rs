//! Faults: relations between signals and ways to conclude.

use std::collections::BTreeSet;

use super::super::fault::{
    Clause, Correlation, Count, Fault, Need, Relation, RulesOut, Signal, Status, Term,
};
use super::super::near;
use super::super::raw::{
    RawCorrelation, RawCorrelationKind, RawFault, RawNeed, RawRulesOut, RawWhen,
};
use super::super::version::Versions;
use super::{Cx, check_places, references, signals, text};
use crate::model::time::SECOND;

/// An incident ends after this silence unless the fault says otherwise.
const QUIET: i64 = 30 * 60 * SECOND;
/// A symptom may begin this long before its cause unless the fault says otherwise.
const EXPLAINS_WITHIN: i64 = 5 * 60 * SECOND;
/// Window of a relation that states none.
const SPAN: i64 = 10 * 60 * SECOND;

/// Compiles a fault.
pub(super) fn fault(raw: RawFault, cx: &mut Cx<'_>) -> Fault {
    check_id(&raw.id, cx);
    let signals = signals::signals(raw.signals, cx);
    let correlations: Vec<Correlation> = raw
        .correlate
        .0
        .into_iter()
        .map(|(name, c)| correlation(name, c, &signals, cx))
        .collect();
    let undecided = raw.when.iter().any(|clause| clause.undecided);
    let when: Vec<Clause> = raw
        .when
        .into_iter()
        .map(|w| clause(&w, &signals, &correlations, cx))
        .collect();
    if undecided && raw.needs.is_empty() {
        cx.refuse(&["when"], "an undecided clause asks for 'needs'");
    }
    if signals.is_empty() != when.is_empty() {
        cx.refuse(&["when"], "signals and 'when' belong together");
    }
    if signals.is_empty() && raw.status != Status::Experimental {
        cx.refuse(
            &["id", &raw.id],
            "a fault without signals has to be experimental",
        );
    }
    for name in &raw.per {
        if !signals
            .iter()
            .flat_map(|s| &s.binds)
            .any(|b| b.name == *name)
        {
            cx.refuse(&["per", name], format!("no signal binds '{name}'"));
        }
    }
    for name in &raw.cleared_anywhere {
        if !raw.cleared_by.contains(name) {
            cx.refuse(
                &["cleared_anywhere", name],
                format!("'{name}' is none of the signals of 'cleared_by'"),
            );
        }
    }
    let mut clearing = |key: &str, names: &[String]| {
        let names = names.iter();
        names
            .filter_map(|name| signal_index(name, &signals, &[key, name], cx))
            .collect()
    };
    let cleared_by = clearing("cleared_by", &raw.cleared_by);
    let cleared_anywhere = clearing("cleared_anywhere", &raw.cleared_anywhere);
    let fault = Fault {
        id: raw.id,
        product: raw.product,
        status: raw.status,
        severity: raw.severity,
        title: text(raw.title),
        summary: raw.summary.map(text),
        meaning: raw.meaning.map(text),
        proof: raw.proof.map(text),
        advice: raw.advice.map(text),
        known_as: raw.known_as.iter().map(ToString::to_string).collect(),
        versions: raw.applies_to.and_then(|a| versions(&a.versions, cx)),
        signals,
        correlations,
        when,
        about: raw.about,
        per: raw.per,
        quiet: cx.span(&["quiet"], raw.quiet.as_deref(), QUIET),
        cleared_by,
        cleared_anywhere,
        explains: raw.explains,
        explains_within: cx.span(
            &["explains_within"],
            raw.explains_within.as_deref(),
            EXPLAINS_WITHIN,
        ),
        rules_out: raw.rules_out.into_iter().map(rules_out).collect(),
        replaces: raw.replaces,
        needs: raw.needs.into_iter().map(|n| need(n, cx)).collect(),
        expected_during: raw
            .expected_during
            .into_iter()
            .map(|e| (e.window, e.severity))
            .collect(),
        remedies: raw.remedies,
        references: references(raw.references),
        disputed: raw.disputed.map(text),
    };
    let bound: BTreeSet<&str> = fault
        .signals
        .iter()
        .flat_map(|s| &s.binds)
        .map(|b| b.name.as_str())
        .collect();
    check_places(cx, "title", Some(&fault.title), &bound);
    check_places(cx, "summary", fault.summary.as_ref(), &bound);
    fault
}

fn check_id(id: &str, cx: &mut Cx<'_>) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    if id.is_empty() || !id.chars().all(plain) || id.starts_with('.') || id.ends_with('.') {
        cx.refuse(
            &["id"],
            format!("'{id}' is not an id such as cms.db.no-primary"),
        );
    }
}

fn versions(written: &str, cx: &mut Cx<'_>) -> Option<Versions> {
    let range = Versions::parse(written);
    if range.is_none() {
        cx.refuse(
            &["applies_to", "versions"],
            format!("'{written}' is no range of versions such as '>=X14.0, <X15'"),
        );
    }
    range
}

fn signal_index(name: &str, signals: &[Signal], path: &[&str], cx: &mut Cx<'_>) -> Option<u16> {
    let at = signals
        .iter()
        .position(|s| s.name == name)
        .and_then(|at| u16::try_from(at).ok());
    if at.is_none() {
        cx.refuse_near(
            path,
            format!("unknown signal '{name}'"),
            near(name, signals.iter().map(|s| s.name.as_str())),
        );
    }
    at
}

fn correlation(
    name: String,
    raw: RawCorrelation,
    signals: &[Signal],
    cx: &mut Cx<'_>,
) -> Correlation {
    let path = ["correlate", name.as_str()];
    if signals.iter().any(|s| s.name == name) {
        cx.refuse(&path, format!("'{name}' is a signal already"));
    }
    if raw.of.is_empty() {
        cx.refuse(&path, format!("correlation '{name}' is of nothing"));
    }
    let of: Vec<u16> = raw
        .of
        .iter()
        .filter_map(|s| signal_index(s, signals, &["correlate", &name, "of", s], cx))
        .collect();
    let group_by = raw
        .group_by
        .clone()
        .unwrap_or_else(|| vec!["node".to_owned(), "peer".to_owned()]);
    for key in group_by
        .iter()
        .filter(|key| !["node", "peer"].contains(&key.as_str()))
    {
        if !signals
            .iter()
            .flat_map(|s| &s.binds)
            .any(|b| b.name == *key)
        {
            cx.refuse(
                &["correlate", &name, "group-by", key],
                format!("no signal binds '{key}'"),
            );
        }
    }
    let relation = relation(&name, raw, signals, cx);
    Correlation {
        name,
        of,
        group_by,
        relation,
    }
}

fn relation(name: &str, raw: RawCorrelation, signals: &[Signal], cx: &mut Cx<'_>) -> Relation {
    let span = cx.span(
        &["correlate", name, "timespan"],
        raw.timespan.as_deref(),
        SPAN,
    );
    match raw.kind {
        RawCorrelationKind::EventCount => Relation::EventCount {
            span,
            count: count(name, &raw, cx),
        },
        RawCorrelationKind::ValueCount => {
            let count = count(name, &raw, cx);
            let field = raw.field.unwrap_or_default();
            if !signals
                .iter()
                .flat_map(|s| &s.binds)
                .any(|b| b.name == field)
            {
                cx.refuse(
                    &["correlate", name, "field"],
                    format!("no signal binds '{field}'"),
                );
            }
            Relation::ValueCount { span, count, field }
        }
        RawCorrelationKind::Temporal => Relation::Temporal { span },
        RawCorrelationKind::TemporalOrdered => Relation::TemporalOrdered { span },
        RawCorrelationKind::Absence => absence(name, &raw, signals, cx),
        RawCorrelationKind::EveryNode => Relation::EveryNode,
    }
}

fn count(name: &str, raw: &RawCorrelation, cx: &mut Cx<'_>) -> Count {
    let entries = raw.condition.as_ref().map_or(&[][..], |c| c.0.as_slice());
    let [(op, n)] = entries else {
        cx.refuse(
            &["correlate", name, "condition"],
            "condition takes one of gt, gte, lt, lte, eq with a number",
        );
        return Count::Gte(1);
    };
    match op.as_str() {
        "gt" => Count::Gt(*n),
        "gte" => Count::Gte(*n),
        "lt" => Count::Lt(*n),
        "lte" => Count::Lte(*n),
        "eq" => Count::Eq(*n),
        _ => {
            cx.refuse_near(
                &["correlate", name, "condition", op],
                format!("unknown comparison '{op}'"),
                near(op, ["gt", "gte", "lt", "lte", "eq"].into_iter()),
            );
            Count::Gte(*n)
        }
    }
}

fn absence(name: &str, raw: &RawCorrelation, signals: &[Signal], cx: &mut Cx<'_>) -> Relation {
    let span = cx.span(&["correlate", name, "within"], raw.within.as_deref(), SPAN);
    let (anchor, before) = match (&raw.after, &raw.before) {
        (Some(anchor), None) => (anchor, false),
        (None, Some(anchor)) => (anchor, true),
        _ => {
            cx.refuse(
                &["correlate", name],
                "absence takes either 'after' or 'before'",
            );
            return Relation::Absence {
                anchor: 0,
                span,
                before: false,
                covered: true,
            };
        }
    };
    let anchor = signal_index(anchor, signals, &["correlate", name, anchor], cx).unwrap_or(0);
    for who in raw
        .requires_coverage
        .iter()
        .filter(|who| who.as_str() != "node")
    {
        cx.refuse(
            &["correlate", name, "requires_coverage", who],
            format!("coverage can be required of 'node' only, not of '{who}'"),
        );
    }
    Relation::Absence {
        anchor,
        span,
        before,
        covered: !raw.requires_coverage.is_empty(),
    }
}

fn clause(
    raw: &RawWhen,
    signals: &[Signal],
    correlations: &[Correlation],
    cx: &mut Cx<'_>,
) -> Clause {
    if raw.all.is_empty() && raw.any.is_empty() {
        cx.refuse(&["when"], "a clause needs 'all' or 'any'");
    }
    if raw.confidence.is_some() == raw.undecided {
        cx.refuse(
            &["when"],
            "a clause has a 'confidence', unless it is 'undecided'",
        );
    }
    let mut terms = |names: &[String]| {
        names
            .iter()
            .filter_map(|name| term(name, signals, correlations, cx))
            .collect::<Vec<_>>()
    };
    let (all, any, none) = (terms(&raw.all), terms(&raw.any), terms(&raw.none));
    Clause {
        all,
        any,
        none,
        peer: raw.peer,
        confidence: raw.confidence,
        severity: raw.severity,
    }
}

fn term(
    name: &str,
    signals: &[Signal],
    correlations: &[Correlation],
    cx: &mut Cx<'_>,
) -> Option<Term> {
    let index = |at: Option<usize>| at.and_then(|at| u16::try_from(at).ok());
    if let Some(at) = index(signals.iter().position(|s| s.name == name)) {
        return Some(Term::Signal(at));
    }
    if let Some(at) = index(correlations.iter().position(|c| c.name == name)) {
        return Some(Term::Correlation(at));
    }
    let known = signals
        .iter()
        .map(|s| s.name.as_str())
        .chain(correlations.iter().map(|c| c.name.as_str()));
    cx.refuse_near(
        &["when", name],
        format!("unknown signal or correlation '{name}'"),
        near(name, known),
    );
    None
}

fn rules_out(raw: RawRulesOut) -> RulesOut {
    match raw {
        RawRulesOut::Fault(fault) => RulesOut {
            fault,
            because: None,
        },
        RawRulesOut::Because(raw) => RulesOut {
            fault: raw.fault,
            because: Some(text(raw.because)),
        },
    }
}

fn need(raw: RawNeed, cx: &mut Cx<'_>) -> Need {
    cx.span(&["needs", "for"], raw.span.as_deref(), 0);
    Need {
        collect: raw.collect,
        node: raw.node,
        filter: raw.filter,
        span: raw.span,
        because: raw.because.map(text),
    }
}
