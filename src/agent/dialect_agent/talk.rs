//! A dialect, ready to be compared with what a node says.

use regex::bytes::Regex;

use crate::catalog::condition;
use crate::catalog::remedy::{Ask, Dialect};

/// Ends of a line that waits for an answer, whatever the dialect: a question mark, a choice in
/// brackets, a word that asks for input.
const QUESTION: &str = r"(?x)
    \?\s*$
    | [(\[][^()\[\]]{0,40}\b(?:y|n|yes|no)\b[^()\[\]]{0,40}[)\]]\s*[:?>]?\s*$
    | (?:^|\b)(?:enter|type|press|continue|proceed|confirm|login|username|password|passphrase|passcode|pin|code)\b[^:]*:\s*$
    | (?:press|hit)\s.*\b(?:key|enter|return)\b.{0,40}$";

/// A question of the dialect and its answer.
pub(super) struct Reply {
    pub(super) ask: Regex,
    pub(super) answer: String,
}

/// The compiled patterns of a dialect.
pub(super) struct Talk {
    pub(super) dialect: Dialect,
    prompt: Regex,
    pub(super) pager: Option<Reply>,
    pub(super) confirm: Vec<Reply>,
    unknown: Vec<Regex>,
    failed: Vec<Regex>,
    question: Regex,
}

impl Talk {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// The reason, when one cannot be compiled; those of a checked catalog can.
    pub(super) fn new(dialect: &Dialect) -> Result<Self, String> {
        let pattern = |text: &String| condition::regex(text, false);
        let all = |texts: &[String]| texts.iter().map(pattern).collect::<Result<Vec<_>, _>>();
        let reply = |ask: &Ask| {
            pattern(&ask.ask).map(|regex| Reply {
                ask: regex,
                answer: ask.answer.clone(),
            })
        };
        Ok(Self {
            prompt: pattern(&dialect.prompt)?,
            pager: dialect.pager.as_ref().map(reply).transpose()?,
            confirm: dialect
                .confirm
                .iter()
                .map(reply)
                .collect::<Result<_, _>>()?,
            unknown: all(&dialect.unknown_command)?,
            failed: all(&dialect.failed)?,
            question: condition::regex(QUESTION, false)?,
            dialect: dialect.clone(),
        })
    }

    /// True when answers end with a line of their own and there is no prompt.
    pub(super) fn has_marks(&self) -> bool {
        !self.dialect.end.is_empty()
    }

    /// True when the whole line is a prompt or, where there is none, the end of an answer.
    pub(super) fn is_prompt(&self, line: &str) -> bool {
        let found = self.prompt.find(line.as_bytes());
        !line.is_empty() && found.is_some_and(|found| found.as_bytes() == line.as_bytes())
    }

    /// True when a line says that the command is unknown.
    pub(super) fn is_unknown(&self, line: &str) -> bool {
        self.unknown
            .iter()
            .any(|regex| regex.is_match(line.as_bytes()))
    }

    /// True when a line says that the command failed.
    pub(super) fn is_failure(&self, line: &str) -> bool {
        self.failed
            .iter()
            .any(|regex| regex.is_match(line.as_bytes()))
    }

    /// True when an unfinished line waits for an answer. Of a command that only looks a colon is
    /// enough; a changing one may well work on behind `Restarting:`.
    pub(super) fn is_question(&self, line: &str, only_reads: bool) -> bool {
        self.question.is_match(line.as_bytes()) || (only_reads && line.ends_with(':'))
    }

    /// The bytes that stop a running command.
    pub(super) fn interrupt(&self) -> Option<u8> {
        let name = self.dialect.interrupt.as_deref()?;
        let key = name.to_ascii_lowercase();
        let letter = key.strip_prefix("ctrl-")?.bytes().next()?;
        letter.is_ascii_lowercase().then_some(letter & 0x1f)
    }
}
