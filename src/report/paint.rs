//! Colour, which only repeats what the words already say.

use crate::model::report::{Severity, Verdict};

/// A way to print a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    /// Stands out.
    Bold,
    /// Steps back.
    Dim,
    /// Danger.
    Red,
    /// Care.
    Yellow,
    /// All is well.
    Green,
    /// A command or a name to copy.
    Cyan,
}

impl Tint {
    /// The tint of a severity.
    pub fn of_severity(severity: Severity) -> Self {
        match severity {
            Severity::Critical | Severity::Error => Self::Red,
            Severity::Warning => Self::Yellow,
            Severity::Info => Self::Bold,
        }
    }

    /// The tint of a verdict.
    pub fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Faulty => Self::Red,
            Verdict::Healthy => Self::Green,
            Verdict::Insufficient => Self::Yellow,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Dim => "2",
            Self::Red => "1;31",
            Self::Yellow => "1;33",
            Self::Green => "1;32",
            Self::Cyan => "36",
        }
    }
}

/// The text in a tint, or as it is when there is no colour.
pub fn paint(text: &str, tint: Tint, colour: bool) -> String {
    if colour && !text.is_empty() {
        format!("\x1b[{}m{text}\x1b[0m", tint.code())
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colour_nothing_is_added() {
        assert_eq!(paint("x", Tint::Red, false), "x");
        assert_eq!(paint("x", Tint::Red, true), "\x1b[1;31mx\x1b[0m");
        assert_eq!(paint("", Tint::Red, true), "");
    }
}
