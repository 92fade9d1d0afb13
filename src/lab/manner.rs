//! How a node can misbehave, for those who have to cope with it.

/// What a node does wrong. Commands are meant by their first characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Never answers the command.
    Hang {
        /// The command.
        command: String,
    },
    /// Closes the connection in the middle of the answer.
    Close {
        /// The command.
        command: String,
    },
    /// Sends this many bytes before the answer.
    Flood {
        /// The command.
        command: String,
        /// How many.
        bytes: u64,
    },
    /// Prints this text before the answer: escape sequences, prompts that are none.
    Chatter {
        /// The command.
        command: String,
        /// The text, as it is sent.
        text: String,
    },
    /// Asks this before the answer and waits for a line.
    Question {
        /// The command.
        command: String,
        /// The question.
        text: String,
    },
    /// Greets, but never gives a prompt.
    NoPrompt,
    /// Offers another key of the same kind than the one in the lab's list of known hosts.
    ChangedKey,
    /// Offers another key from its second start on.
    ChangedKeyAfterRestart,
    /// Offers a key of another kind than the one in the lab's list of known hosts.
    OtherAlgorithm,
}

impl Manner {
    /// True when it is about this command.
    pub(super) fn meets(&self, line: &str) -> bool {
        match self {
            Self::Hang { command }
            | Self::Close { command }
            | Self::Flood { command, .. }
            | Self::Chatter { command, .. }
            | Self::Question { command, .. } => line.starts_with(command.as_str()),
            Self::NoPrompt
            | Self::ChangedKey
            | Self::ChangedKeyAfterRestart
            | Self::OtherAlgorithm => false,
        }
    }
}
