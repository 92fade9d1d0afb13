//! The arguments of `clusterdx redact`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{ClockArgs, KnowledgeArgs};

/// What `redact` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Replaced are addresses, hardware addresses, names of hosts, domains and users, e-mail and SIP \
                  addresses, names in certificates, passwords, tokens and keys. The same becomes the same in every \
                  file, and with the same map in every run. Subnets stay subnets, private addresses stay private, \
                  others become addresses of 240.0.0.0/4, which nobody has; netmasks, times and words of the \
                  product stay.\n\
                  One file gives one file, an archive an archive: of the kind that PATH is named after (.zip, .tar, \
                  .tar.gz), else of its own; archives inside it become folders of their names. Several \
                  give a folder. What cannot be redacted is left out and told.\n\
                  What was written is diagnosed as the input was, and searched for everything that had to go. When \
                  the findings differ or anything is left, the output is removed.\n\
                  Exit codes: 0 done and checked, 2 wrong usage, or something cannot be written, 4 a check failed, \
                  130 interrupted."
)]
pub(in crate::cli) struct RedactArgs {
    /// Files, folders or archives, in any mix
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) paths: Vec<String>,

    /// Where the redacted copy goes: a new file for one file, else a new folder
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) output: PathBuf,

    /// What stands for what: read where it exists, extended and written; private, for it undoes the
    /// redaction [default: a new file in the state folder, which is told]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) map: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) clock: ClockArgs,

    /// Worker threads of the diagnosis [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(in crate::cli) threads: Option<u16>,

    #[command(flatten)]
    pub(in crate::cli) knowledge: KnowledgeArgs,
}
