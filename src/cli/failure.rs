//! Trouble as the user sees it: what failed, why, and what to do about it.
//!
//! ```text
//! error: cannot find 'logs/cms1'
//!   cause: No such file or directory (os error 2)
//!   help: did you mean 'logs/cms01'?
//! ```

use std::error::Error;
use std::io;

use crate::catalog::Problem;
use crate::report::sanitize;

/// Whatever kept the program from giving a result: one or more troubles, all told at once.
#[derive(Debug)]
pub struct Failure {
    troubles: Vec<Trouble>,
    broken_pipe: bool,
}

/// One thing that is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trouble {
    /// What failed: operation and object.
    pub(super) error: String,
    /// Why, the nearest cause first.
    pub(super) causes: Vec<String>,
    /// What to do.
    pub(super) help: Vec<String>,
}

impl Trouble {
    /// A trouble without cause or help.
    pub(super) fn new(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            ..Self::default()
        }
    }

    /// Adds a cause and the causes behind it.
    pub(super) fn because(mut self, error: &(dyn Error + 'static)) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            self.causes.push(error.to_string());
            next = error.source();
        }
        self
    }

    /// Adds a cause in words.
    pub(super) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Adds a next step.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    fn lines(&self) -> String {
        let mut out = format!("error: {}\n", sanitize::line(&self.error));
        for (label, texts) in [("cause", &self.causes), ("help", &self.help)] {
            for text in texts {
                out.push_str(&format!("  {label}: {}\n", sanitize::line(text)));
            }
        }
        out
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self {
            troubles: vec![trouble],
            broken_pipe: false,
        }
    }
}

impl From<Vec<Trouble>> for Failure {
    fn from(troubles: Vec<Trouble>) -> Self {
        Self {
            troubles,
            broken_pipe: false,
        }
    }
}

impl Failure {
    /// A result that could not be written to `target`.
    pub(super) fn write(target: &str, error: &io::Error) -> Self {
        let broken_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        Self {
            broken_pipe,
            ..Trouble::new(format!("cannot write the result to {target}"))
                .because(error)
                .into()
        }
    }

    /// Every problem of the rules.
    pub(super) fn rules(problems: &[Problem]) -> Self {
        let mut troubles: Vec<Trouble> = problems.iter().map(rule_trouble).collect();
        if let Some(last) = troubles.last_mut() {
            last.help.push("no diagnosis is made with rules that are wrong; 'clusterdx rules lint' checks them".to_owned());
        }
        troubles.into()
    }

    /// True when the reader of the output went away.
    pub fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }

    /// Prints everything to standard error.
    pub fn print(&self) {
        super::say(self.text().trim_end());
    }

    pub(super) fn text(&self) -> String {
        self.troubles.iter().map(Trouble::lines).collect()
    }
}

fn rule_trouble(problem: &Problem) -> Trouble {
    let trouble = Trouble::new(problem.to_string());
    if problem.near.is_empty() {
        trouble
    } else {
        trouble.help(did_you_mean(&problem.near))
    }
}

/// The question that offers near names.
pub(super) fn did_you_mean(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
    format!("did you mean {}?", quoted.join(" or "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_has_three_parts_and_no_control_characters() {
        let io = io::Error::new(io::ErrorKind::NotFound, "gone");
        let failure: Failure = Trouble::new("cannot find 'a\x1b[31m\nb'")
            .because(&io)
            .help(did_you_mean(&["x".into(), "y".into()]))
            .into();
        assert_eq!(
            failure.text(),
            "error: cannot find 'a\\x1b[31m\\nb'\n  cause: gone\n  help: did you mean 'x' or 'y'?\n"
        );
        assert!(!failure.is_broken_pipe());
        assert!(
            Failure::write("standard output", &io::ErrorKind::BrokenPipe.into()).is_broken_pipe()
        );
    }
}
