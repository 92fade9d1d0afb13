//! What is wrong with guides and runbooks that only a walk or a reader of all languages finds.

use std::collections::BTreeSet;

use super::End;
use super::walk::{Walk, toward, unknowing};
use crate::catalog::guide::Guide;
use crate::catalog::text::{Lang, Text};
use crate::catalog::{Catalog, Problem};

/// Every problem, by guide and runbook.
pub fn lint(catalog: &Catalog) -> Vec<Problem> {
    let mut problems = Vec::new();
    for guide in &catalog.guides {
        let mut say = |message: String| problems.push(Problem::new(&guide.id, message));
        texts(&guide.texts(), &mut say);
        conclusions(guide, catalog, &mut say);
    }
    for runbook in &catalog.runbooks {
        let mut say = |message: String| problems.push(Problem::new(&runbook.id, message));
        texts(&runbook.texts(), &mut say);
        if runbook.references.is_empty() {
            say("names no source".to_owned());
        }
    }
    problems
}

/// Every text is there in every language, and names the same commands in each.
fn texts(texts: &[(String, &Text)], say: &mut impl FnMut(String)) {
    for (place, text) in texts {
        for lang in Lang::ALL {
            match text.translated(lang) {
                None => say(format!("{place}: not translated to {}", lang.code())),
                Some(own) if quoted(own) != quoted(&text.en) => say(format!(
                    "{place}: what stands in `…` differs between en and {}",
                    lang.code()
                )),
                Some(_) => {}
            }
        }
    }
}

/// What a text quotes as a command, a page or a value.
pub fn quoted(text: &str) -> BTreeSet<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Every conclusion is reached by somebody, every observation is asked of somebody, and every answer
/// means something.
fn conclusions(guide: &Guide, catalog: &Catalog, say: &mut impl FnMut(String)) {
    let mut asked: BTreeSet<String> = BTreeSet::new();
    let mut note = |walk: &Walk<'_>| {
        asked.extend(walk.replies.iter().map(|reply| reply.observation.clone()));
    };
    for conclusion in &guide.conclusions {
        let walk = toward(guide, catalog, &conclusion.id);
        note(&walk);
        if walk.end != End::Suggested(conclusion) {
            say(format!(
                "conclusion '{}' is not reached: {}",
                conclusion.id,
                in_words(&walk)
            ));
        }
    }
    note(&unknowing(guide, catalog));
    for observation in &guide.observations {
        if !asked.contains(&observation.id) {
            say(format!("observation '{}' is never asked", observation.id));
        }
        for choice in &observation.choices {
            if choice.supports.is_empty() && choice.excludes.is_empty() {
                say(format!(
                    "observation '{}': answer '{}' changes nothing",
                    observation.id, choice.id
                ));
            }
        }
    }
}

fn in_words(walk: &Walk<'_>) -> String {
    let names = |few: &[&crate::catalog::guide::Conclusion]| {
        let ids: Vec<&str> = few.iter().map(|one| one.id.as_str()).collect();
        ids.join(", ")
    };
    match &walk.end {
        End::Proved(few) => format!("the walk proves {}", names(few)),
        End::Suggested(one) => format!("the walk ends at '{}'", one.id),
        End::Several(few) => format!("the walk leaves {}", names(few)),
        End::Nothing => "the walk rules everything out".to_owned(),
    }
}
