//! Fact rules: who is who.

use super::super::fault::{
    Fact, FactRule, Inference, RoleSource, Signal, StateSource, Tells, Window,
};
use super::super::near;
use super::super::raw::{RawFact, RawFactRule, RawState, RawWindow};
use super::super::text::Text;
use super::{Cx, signals, text};
use crate::model::node::Role;
use crate::model::time::SECOND;

/// Compiles a fact rule.
pub(super) fn fact_rule(raw: RawFactRule, cx: &mut Cx<'_>) -> FactRule {
    let mut signals = signals::signals(raw.signals, cx);
    let mut facts = Vec::new();
    let mut inferences = Vec::new();
    for fact in raw.facts {
        if fact.infer.is_some() {
            inferences.extend(inference(&fact, &signals, cx));
            continue;
        }
        let signal = fact
            .signal
            .as_ref()
            .and_then(|name| index(name, &signals, cx));
        for tells in tells(&fact, cx) {
            bind_names(&tells, signal, &mut signals, cx);
            facts.push(Fact { signal, tells });
        }
    }
    let windows = raw
        .windows
        .into_iter()
        .filter_map(|w| window(w, &signals, cx))
        .collect();
    FactRule {
        id: raw.id,
        product: raw.product,
        signals,
        facts,
        inferences,
        windows,
    }
}

fn index(name: &str, signals: &[Signal], cx: &mut Cx<'_>) -> Option<u16> {
    let at = signals
        .iter()
        .position(|s| s.name == name)
        .and_then(|at| u16::try_from(at).ok());
    if at.is_none() {
        cx.refuse_near(
            &["facts", name],
            format!("unknown signal '{name}'"),
            near(name, signals.iter().map(|s| s.name.as_str())),
        );
    }
    at
}

/// One entry may tell several things of its subject.
fn tells(raw: &RawFact, cx: &mut Cx<'_>) -> Vec<Tells> {
    if let Some(list) = &raw.each {
        if raw.split.as_deref() != Some("python-list") {
            cx.refuse(&["facts", "split"], "a list is split as 'python-list'");
        }
        return vec![Tells::Members {
            list: list.clone(),
            reporter: raw.reporter.clone(),
            primary: raw.primary.clone(),
            own: raw.own.clone(),
        }];
    }
    if let Some(offset) = &raw.utc_offset {
        return vec![Tells::Zone(offset.clone())];
    }
    if let Some(state) = &raw.state {
        return state_entry(raw, state, cx).into_iter().collect();
    }
    let Some(subject) = raw.subject.clone() else {
        cx.refuse(&["facts"], "a fact needs a subject");
        return Vec::new();
    };
    let mut told = Vec::new();
    if let Some(other) = &raw.same_as {
        told.push(Tells::Same(subject.clone(), other.clone()));
    }
    if let (Some(peer), Some("same")) = (&raw.peer, raw.cluster.as_deref()) {
        told.push(Tells::Linked(subject.clone(), peer.clone()));
    }
    if let Some(role) = &raw.role {
        let source =
            Role::parse(role).map_or_else(|| RoleSource::Bound(role.clone()), RoleSource::Fixed);
        told.push(Tells::Role(subject.clone(), source));
    }
    if let Some(version) = &raw.version {
        told.push(Tells::Version(subject.clone(), version.clone()));
    }
    if let (Some(name), Some(value)) = (&raw.name, &raw.value) {
        told.push(Tells::Told {
            subject: subject.clone(),
            name: name.clone(),
            value: value.clone(),
        });
    }
    if let Some(key) = &raw.clock_by {
        told.push(Tells::Clock {
            subject: subject.clone(),
            key: key.clone(),
        });
    }
    if raw.standalone {
        told.push(Tells::Standalone(subject));
    }
    if told.is_empty() {
        cx.refuse(&["facts"], "the fact tells nothing: it needs same_as, peer with cluster: same, role, version, name with value, clock_by, utc_offset, state, or standalone");
    }
    told
}

/// An entry that tells which state a node enters.
fn state_entry(raw: &RawFact, state: &RawState, cx: &mut Cx<'_>) -> Option<Tells> {
    let Some(name) = raw.name.clone() else {
        cx.refuse(
            &["facts", "state"],
            "a state needs a name: what it is the state of",
        );
        return None;
    };
    Some(Tells::State {
        subject: raw.subject.clone(),
        name,
        state: match state {
            RawState::From(field) => StateSource::Bound(field.clone()),
            RawState::Fixed(fixed) => StateSource::Fixed(fixed.is.clone()),
        },
        reason: raw.reason.clone(),
    })
}

/// Names in facts that no signal binds are taken as fields of the signal's format.
fn bind_names(tells: &Tells, signal: Option<u16>, signals: &mut [Signal], cx: &mut Cx<'_>) {
    let names: Vec<&String> = match tells {
        Tells::Same(a, b) | Tells::Linked(a, b) | Tells::Version(a, b) => vec![a, b],
        Tells::Role(a, RoleSource::Bound(b)) => vec![a, b],
        Tells::Role(a, RoleSource::Fixed(_)) | Tells::Standalone(a) => vec![a],
        Tells::Told { subject, value, .. } => vec![subject, value],
        Tells::Clock { subject, key } => vec![subject, key],
        Tells::Zone(offset) => vec![offset],
        Tells::State {
            subject,
            state,
            reason,
            ..
        } => {
            let state = match state {
                StateSource::Bound(name) => Some(name),
                StateSource::Fixed(_) => None,
            };
            subject.iter().chain(state).chain(reason).collect()
        }
        Tells::Members {
            list,
            reporter,
            primary,
            own,
        } => std::iter::once(list)
            .chain(reporter)
            .chain(primary)
            .chain(own)
            .collect(),
    };
    for (at, candidate) in signals.iter_mut().enumerate() {
        if signal.is_some_and(|wanted| usize::from(wanted) != at) {
            continue;
        }
        for name in &names {
            if !signals::bind_field(candidate, name) {
                cx.refuse(
                    &["facts", name],
                    format!(
                        "'{name}' is neither bound by signal '{}' nor a field of its format",
                        candidate.name
                    ),
                );
            }
        }
    }
}

fn inference(raw: &RawFact, signals: &[Signal], cx: &mut Cx<'_>) -> Option<Inference> {
    let (Some("same"), Some(name), Some(address)) =
        (raw.infer.as_deref(), &raw.name_of, &raw.address_of)
    else {
        cx.refuse(
            &["facts", "infer"],
            "an inference reads: infer: same, name_of: SIGNAL, address_of: SIGNAL, within: SPAN",
        );
        return None;
    };
    let within = cx.span(&["facts", "within"], raw.within.as_deref(), 60 * SECOND);
    Some(Inference {
        name_of: index(name, signals, cx)?,
        address_of: index(address, signals, cx)?,
        within,
    })
}

fn window(raw: RawWindow, signals: &[Signal], cx: &mut Cx<'_>) -> Option<Window> {
    let span = cx.span(&["windows", &raw.id, "for"], Some(&raw.span), 0);
    let start = index(&raw.start, signals, cx)?;
    let end = raw.end.as_ref().and_then(|name| index(name, signals, cx));
    let title = raw.title.map_or_else(
        || Text {
            en: raw.id.clone(),
            ko: None,
            pt_br: None,
        },
        text,
    );
    Some(Window {
        id: raw.id,
        title,
        start,
        end,
        span,
    })
}
