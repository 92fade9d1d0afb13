//! The arguments of `clusterdx guide`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{ClockArgs, KnowledgeArgs};

/// What `guide` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Without a topic the topics are listed and you are asked; 'clusterdx guide list' only lists them.\n\
                  What the evidence answers is not asked. A question takes a number, pasted output, a file or, \
                  with an inventory, a command that only looks; that you do not know is always an answer.\n\
                  Exit codes: 0 a conclusion, or the procedure is done, 2 wrong usage or rules, a question that \
                  the answers file leaves open, or nobody to ask, 4 a step is not done or its check does not \
                  hold, 5 stopped, 130 interrupted."
)]
pub(in crate::cli) struct GuideArgs {
    /// A topic of 'guide list' [default: leads by symptom]
    #[arg(value_name = "TOPIC")]
    pub(in crate::cli) topic: Option<String>,

    /// Evidence: files, folders, archives and captures, as 'diagnose' takes them
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) paths: Vec<String>,

    /// Take the answers from a file (YAML) and ask nobody
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) answers: Option<PathBuf>,

    /// The nodes and how they are reached (YAML), for commands that only look
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) inventory: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) clock: ClockArgs,

    #[command(flatten)]
    pub(in crate::cli) knowledge: KnowledgeArgs,
}
