//! Remedies and dialects.

use super::super::condition;
use super::super::raw::{OneOrMany, RawAsk, RawDialect, RawIdentity, RawOn, RawRemedy, RawStep};
use super::super::remedy::{Ask, Dialect, Expect, Identity, On, Remedy, RemedyStep};
use super::{Cx, parse_span, references, signals, text};
use crate::model::node::Role;
use crate::model::time::MILLISECOND;

/// Compiles a remedy.
pub(super) fn remedy(raw: RawRemedy, cx: &mut Cx<'_>) -> Remedy {
    let mut steps = |key: &str, steps: Vec<RawStep>| {
        steps
            .into_iter()
            .map(|s| step(key, s, cx))
            .collect::<Vec<_>>()
    };
    let (skip_if, prechecks) = (
        steps("skip_if", raw.skip_if),
        steps("prechecks", raw.prechecks),
    );
    let (body, postchecks) = (
        steps("steps", raw.steps),
        steps("postchecks", raw.postchecks),
    );
    let undo = raw.undo.map(text).filter(|undo| undo.en != "none");
    let on = on(raw.on, cx);
    if on == On::Others {
        cx.refuse(
            &["on"],
            "'others' is for steps: a remedy itself runs somewhere",
        );
    }
    let remedy = Remedy {
        id: raw.id,
        faults: raw.faults,
        title: text(raw.title),
        advice: raw.advice.map(text),
        dialect: raw.dialect,
        on,
        risk: raw.risk,
        skip_if,
        prechecks,
        steps: body,
        postchecks,
        undo,
        references: references(raw.references),
        disputed: raw.disputed.map(text),
    };
    check_shape(&remedy, cx);
    remedy
}

/// What a runner relies on: checks only look and say what they look for, and a step that changes
/// something can be told to have had its effect.
fn check_shape(remedy: &Remedy, cx: &mut Cx<'_>) {
    let named = |step: &RemedyStep| step.run.clone().unwrap_or_default();
    for check in &remedy.skip_if {
        if check.run.is_none() || check.expect.is_none() {
            cx.refuse(&["skip_if"], "'skip_if' takes commands with 'expect' only");
        }
    }
    let checks = remedy.prechecks.iter().chain(&remedy.postchecks);
    for check in remedy.skip_if.iter().chain(checks) {
        if check.until.is_some() || check.closes || check.stop_after.is_some() {
            let message = "a check takes no 'until', 'closes' or 'stop_after'";
            cx.refuse(&[&named(check)], message);
        }
        if check.run.is_some() && check.expect.is_none() {
            cx.refuse(&[&named(check)], "a check without 'expect' proves nothing");
        }
    }
    for step in &remedy.steps {
        let until = step.until.as_deref();
        if step.once && until.is_none() {
            cx.refuse(
                &["steps", &named(step)],
                "'once' needs 'until', which shows the effect",
            );
        }
        if until.is_some_and(|until| until.run.is_none() || until.expect.is_none()) {
            cx.refuse(&["steps", "until"], "'until' takes a command with 'expect'");
        }
        if step.risk.is_some_and(|risk| risk > remedy.risk) {
            cx.refuse(
                &["steps", &named(step)],
                "a step does no more than its remedy says: raise the remedy's 'risk'",
            );
        }
    }
}

fn on(raw: RawOn, cx: &mut Cx<'_>) -> On {
    let words = [&raw.each, &raw.spared, &raw.others].map(Option::as_deref);
    match (raw.role, raw.bind, words) {
        (Some(role), None, [None, None, None]) if Role::parse(&role).is_some() => On::Role(role),
        (Some(role), None, [None, None, None]) => {
            cx.refuse(&["on", &role], format!("'{role}' is no role of a node"));
            On::Role(role)
        }
        (None, Some(bind), [None, None, None]) => On::Bind(bind),
        (None, None, [Some("node"), None, None]) => On::Each(raw.order),
        (None, None, [None, Some("node"), None]) => On::Spared(raw.order),
        (None, None, [None, None, Some("node")]) => On::Others,
        _ => {
            let message = "'on' takes one of role, bind, each: node, spared: node, or others: node";
            cx.refuse(&["on"], message);
            On::Others
        }
    }
}

fn step(key: &str, raw: RawStep, cx: &mut Cx<'_>) -> RemedyStep {
    if raw.run.is_some() == raw.manual.is_some() {
        cx.refuse(&[key], "a step is either 'run' or 'manual'");
    }
    for command in raw.run.iter().chain(&raw.or) {
        check_command(key, command, cx);
    }
    let expect = raw.expect.and_then(|expect| {
        let (format, def) = signals::find_format(&expect.format, &[key, "expect", "format"], cx)?;
        let condition = signals::conditions(expect.conditions, def, &[key, "expect", "where"], cx);
        Some(Expect {
            format,
            written: condition::written(&condition),
            condition,
            holds: expect.holds,
        })
    });
    if raw.manual.is_some() && (expect.is_some() || raw.until.is_some()) {
        cx.refuse(&[key], "what a person does has no 'expect' and no 'until'");
    }
    RemedyStep {
        run: raw.run,
        or: raw.or,
        manual: raw.manual.map(text),
        on: raw.on.map(|raw| on(raw, cx)),
        why: raw.why.map(text),
        risk: raw.risk,
        every: span(key, raw.every.as_deref(), cx),
        span: span(key, raw.span.as_deref(), cx),
        expect,
        otherwise: raw.otherwise,
        until: raw.until.map(|until| Box::new(step(key, *until, cx))),
        closes: raw.closes,
        repeatable: raw.repeatable,
        once: raw.once,
        stop_after: span(key, raw.stop_after.as_deref(), cx),
    }
}

/// A span of time in milliseconds.
fn span(key: &str, written: Option<&str>, cx: &mut Cx<'_>) -> Option<u64> {
    let written = written?;
    let micros = parse_span(written);
    if micros.is_none() {
        let message = format!("'{written}' is not a time span such as 30s, 10m or 2h");
        cx.refuse(&[key, written], message);
    }
    u64::try_from(micros? / MILLISECOND).ok()
}

/// Commands are plain ASCII; their parameters are checked where the dialect is known.
pub(super) fn check_command(key: &str, command: &str, cx: &mut Cx<'_>) {
    if !command.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        cx.refuse(&[key, command], "a command holds printable ASCII only");
    }
}

/// Compiles a dialect.
pub(super) fn dialect(raw: RawDialect, cx: &mut Cx<'_>) -> Dialect {
    let asks = raw.confirm.into_iter().map(ask).collect::<Vec<_>>();
    let pager = raw.pager.map(ask);
    let end = raw.end.map(OneOrMany::into_vec).unwrap_or_default();
    let patterns = std::iter::once(&raw.prompt)
        .chain(&end)
        .chain(&raw.failed)
        .chain(&raw.unknown_command);
    for pattern in patterns.chain(asks.iter().chain(&pager).map(|a| &a.ask)) {
        if let Err(error) = condition::regex(pattern, true) {
            cx.refuse(
                &[pattern],
                format!("regular expression '{pattern}': {error}"),
            );
        }
    }
    let identity = raw.identity.into_iter();
    let identity = identity.filter_map(|raw| self::identity(raw, cx)).collect();
    for (list, words) in &raw.words {
        for word in words {
            check_command(list, word, cx);
        }
    }
    Dialect {
        id: raw.id,
        prompt: raw.prompt,
        end,
        pager,
        confirm: asks,
        interrupt: raw.interrupt,
        unknown_command: raw.unknown_command,
        reads: raw.reads,
        verbs: raw.verbs,
        by_hand: raw.by_hand,
        failed: raw.failed,
        leave: raw.leave,
        identity,
        words: raw.words,
        mask: raw.mask,
    }
}

fn identity(raw: RawIdentity, cx: &mut Cx<'_>) -> Option<Identity> {
    check_command("identity", &raw.run, cx);
    let place = ["identity", "format"];
    let (format, def) = signals::find_format(&raw.format, &place, cx)?;
    signals::check_field(&raw.field, def, &["identity", &raw.field], cx);
    Some(Identity {
        run: raw.run,
        format,
        condition: signals::conditions(raw.conditions, def, &["identity", "where"], cx),
        field: raw.field,
    })
}

fn ask(raw: RawAsk) -> Ask {
    Ask {
        ask: raw.ask,
        answer: raw.answer,
    }
}
