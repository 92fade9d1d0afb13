//! Texts in every language: none is missing, and what is typed is the same in all of them.

use super::super::text::{Lang, Text};
use super::super::{Catalog, Fault, Problem, Remedy};

/// A text, whose it is, and what it is called there.
type Named<'c> = (&'c str, String, &'c Text);

/// Says which languages a text lacks, and where a translation changed a command.
pub(super) fn problems(catalog: &Catalog) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (owner, name, text) in all(catalog) {
        for lang in Lang::ALL {
            let wrong = match text.translated(lang) {
                None => format!("{name} is not translated to {}", lang.code()),
                Some(own) if typed(own) != typed(&text.en) => {
                    format!(
                        "{name}: what stands between backticks differs in {}",
                        lang.code()
                    )
                }
                Some(_) => continue,
            };
            problems.push(Problem::new(owner, wrong));
        }
    }
    problems
}

/// What stands between backticks: commands and what a product prints, in alphabetical order, for
/// languages have orders of their own.
fn typed(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    found.sort_unstable();
    found
}

fn all(catalog: &Catalog) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    for fault in &catalog.faults {
        of_fault(fault, &mut found);
    }
    for remedy in &catalog.remedies {
        of_remedy(remedy, &mut found);
    }
    for alarm in &catalog.alarms {
        push(&mut found, &alarm.title, "advice", alarm.advice.as_ref());
    }
    for name in &catalog.names {
        push(&mut found, &name.name, "meaning", name.meaning.as_ref());
        push(&mut found, &name.name, "advice", name.advice.as_ref());
    }
    for window in catalog.facts.iter().flat_map(|rule| &rule.windows) {
        push(&mut found, &window.id, "title", Some(&window.title));
    }
    found
}

fn of_fault<'c>(fault: &'c Fault, found: &mut Vec<Named<'c>>) {
    let texts = [
        ("title", Some(&fault.title)),
        ("summary", fault.summary.as_ref()),
        ("meaning", fault.meaning.as_ref()),
        ("proof", fault.proof.as_ref()),
        ("advice", fault.advice.as_ref()),
        ("disputed", fault.disputed.as_ref()),
    ];
    for (name, text) in texts {
        push(found, &fault.id, name, text);
    }
    for out in &fault.rules_out {
        let name = format!("rules_out {}", out.fault);
        push(found, &fault.id, &name, out.because.as_ref());
    }
    for need in &fault.needs {
        let name = format!("needs '{}'", need.collect);
        push(found, &fault.id, &name, need.because.as_ref());
    }
}

fn of_remedy<'c>(remedy: &'c Remedy, found: &mut Vec<Named<'c>>) {
    let texts = [
        ("title", Some(&remedy.title)),
        ("advice", remedy.advice.as_ref()),
        ("undo", remedy.undo.as_ref()),
        ("disputed", remedy.disputed.as_ref()),
    ];
    for (name, text) in texts {
        push(found, &remedy.id, name, text);
    }
    for step in remedy.all_steps() {
        let command = step.run.as_deref().unwrap_or("a step by hand");
        let why = format!("why of '{command}'");
        push(found, &remedy.id, &why, step.why.as_ref());
        push(found, &remedy.id, "manual", step.manual.as_ref());
    }
}

fn push<'c>(found: &mut Vec<Named<'c>>, owner: &'c str, name: &str, text: Option<&'c Text>) {
    if let Some(text) = text {
        found.push((owner, name.to_owned(), text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_or_differs_is_told() {
        let mut catalog = Catalog::builtin().unwrap();
        assert_eq!(problems(&catalog), Vec::new());
        catalog.faults[0].proof.as_mut().unwrap().ko = None;
        let remedy = catalog
            .remedies
            .iter_mut()
            .find(|remedy| remedy.id == "imp.chat.restore-database")
            .unwrap();
        let manual = remedy.steps[1].manual.as_mut().unwrap();
        manual.pt_br = manual
            .pt_br
            .as_ref()
            .map(|text| text.replace("ping`", "pinga`"));
        let told: Vec<String> = problems(&catalog).into_iter().map(|p| p.message).collect();
        assert_eq!(
            told,
            [
                "proof is not translated to ko",
                "manual: what stands between backticks differs in pt-BR"
            ]
        );
    }
}
