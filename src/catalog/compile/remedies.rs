//! Remedies and dialects.

use super::super::condition;
use super::super::fault::ValueType;
use super::super::near;
use super::super::raw::{OneOrMany, RawAsk, RawDialect, RawOn, RawRemedy, RawStep};
use super::super::remedy::{Ask, Dialect, Expect, On, Remedy, RemedyStep};
use super::{Cx, parse_span, references, signals, text};

/// Compiles a remedy.
pub(super) fn remedy(raw: RawRemedy, cx: &mut Cx<'_>) -> Remedy {
    let mut steps = |key: &str, steps: Vec<RawStep>| {
        steps
            .into_iter()
            .map(|s| step(key, s, cx))
            .collect::<Vec<_>>()
    };
    let (prechecks, body, postchecks) = (
        steps("prechecks", raw.prechecks),
        steps("steps", raw.steps),
        steps("postchecks", raw.postchecks),
    );
    let undo = raw.undo.map(text).filter(|undo| undo.en != "none");
    Remedy {
        id: raw.id,
        faults: raw.faults,
        title: text(raw.title),
        advice: raw.advice.map(text),
        dialect: raw.dialect,
        on: on(raw.on, cx),
        risk: raw.risk,
        prechecks,
        steps: body,
        postchecks,
        undo,
        references: references(raw.references),
        disputed: raw.disputed.map(text),
    }
}

fn on(raw: RawOn, cx: &mut Cx<'_>) -> On {
    match (raw.role, raw.bind, raw.each.as_deref()) {
        (Some(role), None, None) => On::Role(role),
        (None, Some(bind), None) => On::Bind(bind),
        (None, None, Some("node")) => On::Each(raw.order),
        _ => {
            cx.refuse(&["on"], "'on' takes one of role, bind, or each: node");
            On::Each(Vec::new())
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
    for span in raw.every.iter().chain(&raw.span) {
        if parse_span(span).is_none() {
            cx.refuse(
                &[key, span],
                format!("'{span}' is not a time span such as 30s, 10m or 2h"),
            );
        }
    }
    if let Some(word) = raw.otherwise.as_deref() {
        let known = ["refuse", "skip", "wait"];
        if !known.contains(&word) {
            cx.refuse_near(
                &[key, word],
                format!("'else' takes refuse, skip or wait, not '{word}'"),
                near(word, known.into_iter()),
            );
        }
    }
    let expect = raw.expect.and_then(|expect| {
        let (format, def) = signals::find_format(&expect.format, &[key, "expect", "format"], cx)?;
        Some(Expect {
            format,
            condition: signals::conditions(expect.conditions, def, &[key, "expect", "where"], cx),
        })
    });
    RemedyStep {
        run: raw.run,
        or: raw.or,
        manual: raw.manual.map(text),
        every: raw.every,
        span: raw.span,
        expect,
        otherwise: raw.otherwise,
    }
}

/// Commands are plain ASCII with typed parameters, never free text.
fn check_command(key: &str, command: &str, cx: &mut Cx<'_>) {
    if !command.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        cx.refuse(&[key, command], "a command holds printable ASCII only");
    }
    for place in super::super::text::placeholders(command) {
        let kind = place.split_once(':').map(|(_, kind)| kind);
        let typed = kind.is_some_and(|kind| {
            [
                ValueType::Address,
                ValueType::Host,
                ValueType::Node,
                ValueType::Integer,
                ValueType::Word,
            ]
            .iter()
            .any(|known| known.as_str() == kind)
        });
        if !typed {
            cx.refuse(
                &[key, place],
                format!("'{{{{{place}}}}}' has no type such as {{{{peer:address}}}}"),
            );
        }
    }
}

/// True when a command begins with one of the verbs, word for word.
pub(super) fn allowed(command: &str, verbs: &[String]) -> bool {
    verbs.iter().any(|verb| {
        let rest = command
            .get(..verb.len())
            .filter(|start| start.eq_ignore_ascii_case(verb))
            .and_then(|_| command.get(verb.len()..));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

/// Compiles a dialect.
pub(super) fn dialect(raw: RawDialect, cx: &mut Cx<'_>) -> Dialect {
    let asks = raw.confirm.into_iter().map(ask).collect::<Vec<_>>();
    let pager = raw.pager.map(ask);
    let end = raw.end.map(OneOrMany::into_vec).unwrap_or_default();
    let patterns = std::iter::once(&raw.prompt)
        .chain(&end)
        .chain(&raw.unknown_command);
    for pattern in patterns.chain(asks.iter().chain(&pager).map(|a| &a.ask)) {
        if let Err(error) = condition::regex(pattern, true) {
            cx.refuse(
                &[pattern],
                format!("regular expression '{pattern}': {error}"),
            );
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
        verbs: raw.verbs,
        mask: raw.mask,
    }
}

fn ask(raw: RawAsk) -> Ask {
    Ask {
        ask: raw.ask,
        answer: raw.answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_whole_words() {
        let verbs = vec!["database cluster status".to_owned()];
        assert!(allowed("database cluster status", &verbs));
        assert!(allowed("database cluster status now", &verbs));
        assert!(!allowed("database cluster statusx", &verbs));
        assert!(!allowed("database cluster", &verbs));
    }
}
