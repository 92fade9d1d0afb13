//! The arguments, as clap reads them and `--help`, the man page and the completions show them.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

use crate::catalog::text::Lang;
use crate::model::report::Severity;
use crate::report::REPORTERS;

mod act;
mod guide;
mod redact;

pub(super) use act::{FixArgs, PlanArgs, PlannedArgs};
#[cfg(feature = "lab")]
pub(super) use act::{LabArgs, LabUpArgs, LabWhat};
pub(super) use guide::GuideArgs;
pub(super) use redact::RedactArgs;

/// Finds out what is broken in a cluster of collaboration servers, and proves it
#[derive(Debug, Parser)]
#[command(
    name = "clusterdx",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(super) struct Program {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Read logs, status output and bundles, and print one diagnosis per cluster
    Diagnose(Box<DiagnoseArgs>),
    /// Capture packets and diagnose them at the same time
    Capture(Box<CaptureArgs>),
    /// Tell what a fault, an alarm or a remedy means, how it is proved and how it is fixed
    Explain(ExplainArgs),
    /// Lead from a symptom to its cause, or through a procedure, step by step
    Guide(Box<GuideArgs>),
    /// Check a live system without changing it
    Check(CheckArgs),
    /// Plan the remedies for what is broken; contacts nobody
    Plan(Box<PlanArgs>),
    /// Run the remedies step by step, with checks, consent and a journal
    Fix(Box<FixArgs>),
    /// Tell what changed between two reports: cleared, new, unchanged
    Diff(DiffArgs),
    /// Take names, addresses and secrets out of logs and captures, one way everywhere, and check it
    Redact(Box<RedactArgs>),
    /// Simulated clusters to practise on: real SSH, no real node
    #[cfg(feature = "lab")]
    Lab(LabArgs),
    /// List and check the rules
    Rules(RulesArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the man page
    Man,
}

/// What `diagnose` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 nothing found, 1 incidents found, 2 wrong usage or rules, \
                        3 nothing found but not everything could be read, 130 interrupted."
)]
pub(super) struct DiagnoseArgs {
    /// Files, folders or archives, in any mix and of many nodes; '-' is standard input
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub(super) paths: Vec<String>,

    /// Form of the report
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = PossibleValuesParser::new(REPORTERS.iter().map(|r| r.id())))]
    pub(super) format: String,

    /// Write the report to a file instead of standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,

    /// Exit with 1 when an open incident of at least this severity was found
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    pub(super) fail_on: FailOn,

    /// Leave out what was over before this time: RFC 3339, or 'YYYY-MM-DD HH:MM:SS' or shorter in
    /// the zone of --timezone
    #[arg(long, value_name = "TIME")]
    pub(super) since: Option<String>,

    /// Leave out what began after this time; a date alone means its first moment
    #[arg(long, value_name = "TIME")]
    pub(super) until: Option<String>,

    #[command(flatten)]
    pub(super) clock: ClockArgs,

    /// Show clause by clause why a fault was found or not, instead of the report
    #[arg(long, value_name = "FAULT")]
    pub(super) why: Option<String>,

    /// Show a connection packet by packet with the log lines beside it, instead of the report:
    /// 'A:PORT > B:PORT', one of its ends, two hosts, or the id of an incident
    #[arg(long, value_name = "FLOW", conflicts_with = "why")]
    pub(super) show: Option<String>,

    /// Replace addresses, names and secrets in the report, as 'redact' does in files
    #[arg(long, conflicts_with = "show")]
    pub(super) redact: bool,

    /// What stands for what, shared with 'redact': read where it exists, extended and written
    #[arg(long, value_name = "FILE", requires = "redact", value_hint = ValueHint::FilePath)]
    pub(super) map: Option<PathBuf>,

    /// Worker threads [default: one per processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,

    #[command(flatten)]
    pub(super) knowledge: KnowledgeArgs,
}

/// What `capture` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Ctrl-C ends the capture and gives the report; a second one ends at once.\n\
                  Exit codes: 0 nothing found, 1 incidents found, 2 wrong usage or rules, or the capture \
                  cannot begin, 3 nothing found but packets were lost or not everything could be \
                  read, 130 interrupted before --duration was over."
)]
pub(super) struct CaptureArgs {
    /// The interface to capture on
    #[arg(short, long, value_name = "IFACE", required_unless_present = "list")]
    pub(super) interface: Option<String>,

    /// List the interfaces that can be captured on, with their addresses
    #[arg(long, exclusive = true)]
    pub(super) list: bool,

    /// End after this time, such as 90s, 5m or 2h
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) duration: Option<Duration>,

    /// Also write the packets to a new file (pcapng)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) write: Option<PathBuf>,

    /// Write a ring of files instead, such as 10x50M; a number goes into the name of each
    #[arg(long, value_name = "COUNTxSIZE", value_parser = ring, requires = "write")]
    pub(super) ring: Option<Ring>,

    /// Write nothing until this fault is found; the packets before it, as far as they are still in
    /// memory, come first
    #[arg(long, value_name = "FAULT", requires = "write")]
    pub(super) save_on: Option<String>,

    /// Capture these ports, instead of all that the products use
    #[arg(
        long,
        value_name = "PORT",
        value_delimiter = ',',
        conflicts_with = "filter"
    )]
    pub(super) port: Vec<u16>,

    /// Capture what this BPF expression says, instead of the products' ports
    #[arg(long, value_name = "BPF")]
    pub(super) filter: Option<String>,

    /// Also read this log, and what is appended to it meanwhile
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) log: Vec<String>,

    /// Form of the report
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = PossibleValuesParser::new(REPORTERS.iter().map(|r| r.id())))]
    pub(super) format: String,

    /// Write the report to a file instead of standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,

    /// Exit with 1 when an open incident of at least this severity was found
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    pub(super) fail_on: FailOn,

    #[command(flatten)]
    pub(super) clock: ClockArgs,

    #[command(flatten)]
    pub(super) knowledge: KnowledgeArgs,
}

/// A ring of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ring {
    /// How many are kept.
    pub(super) count: usize,
    /// Bytes of each, about.
    pub(super) bytes: u64,
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a time is a number and s, m or h, such as 90s, 5m or 2h".to_owned();
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = text.strip_suffix(unit).unwrap_or("");
    let seconds = match unit {
        "s" | "" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    let number: u32 = number.parse().map_err(|_| wrong())?;
    if number == 0 {
        return Err(wrong());
    }
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

fn ring(text: &str) -> Result<Ring, String> {
    let wrong = || "a ring is a number of files and their size, such as 10x50M or 4x1G".to_owned();
    let (count, size) = text.split_once(['x', 'X']).ok_or_else(wrong)?;
    let unit = size.trim_start_matches(|c: char| c.is_ascii_digit());
    let shift = match unit {
        "K" | "k" => 10,
        "M" | "m" => 20,
        "G" | "g" => 30,
        _ => return Err(wrong()),
    };
    let count: u16 = count.parse().map_err(|_| wrong())?;
    let number: u32 = size
        .strip_suffix(unit)
        .and_then(|number| number.parse().ok())
        .ok_or_else(wrong)?;
    if count < 2 || number == 0 {
        return Err("a ring has at least two files, and they hold something".to_owned());
    }
    Ok(Ring {
        count: usize::from(count),
        bytes: u64::from(number) << shift,
    })
}

/// What `diff` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "An incident counts as cleared when a record says so, when the later evidence excludes it, or when \
                        the same nodes wrote the same kind of file later and it is not there; else nothing is claimed.\n\
                        Exit codes: 0 compared, 2 wrong usage, or a report cannot be read."
)]
pub(super) struct DiffArgs {
    /// The earlier report (JSON of 'diagnose')
    #[arg(value_name = "BEFORE.json", value_hint = ValueHint::FilePath)]
    pub(super) before: String,

    /// The later report
    #[arg(value_name = "AFTER.json", value_hint = ValueHint::FilePath)]
    pub(super) after: String,

    /// Form of the comparison
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = PossibleValuesParser::new(REPORTERS.iter().map(|r| r.id())))]
    pub(super) format: String,

    /// Write the comparison to a file instead of standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,

    #[command(flatten)]
    pub(super) knowledge: KnowledgeArgs,
}

/// What records without a year or a zone are read with.
#[derive(Debug, Args)]
pub(super) struct ClockArgs {
    /// Year of records that do not state one
    #[arg(long, value_name = "YEAR", value_parser = clap::value_parser!(i32).range(1970..=2262))]
    pub(super) year: Option<i32>,

    /// Zone of records that do not state one, such as Asia/Seoul [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub(super) timezone: Option<String>,
}

/// Which rules, in which language.
#[derive(Debug, Args)]
pub(super) struct KnowledgeArgs {
    /// Folder with more rules; an entry with a known id replaces it
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(super) rules: Option<PathBuf>,

    /// Language of the text: en, ko or pt-BR [default: that of the locale]
    #[arg(long, value_name = "LANG", value_parser = lang)]
    pub(super) lang: Option<Lang>,
}

/// What `explain` takes.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 found, 1 nothing fits, 2 wrong usage or rules.")]
pub(super) struct ExplainArgs {
    /// Id or other name of a fault or an alarm, id of a remedy, or a part of a title
    #[arg(value_name = "ID|TEXT", required = true)]
    pub(super) text: Vec<String>,

    #[command(flatten)]
    pub(super) knowledge: KnowledgeArgs,
}

/// What `rules` takes.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 clean, 1 problems, 2 wrong usage.")]
pub(super) struct RulesArgs {
    #[command(subcommand)]
    pub(super) action: RulesAction,

    /// Folder with more rules; an entry with a known id replaces it
    #[arg(long, value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    pub(super) rules: Option<PathBuf>,

    /// Folder with samples [default: 'samples' in or beside the folder of --rules, else here]
    #[arg(long, value_name = "DIR", global = true, value_hint = ValueHint::DirPath)]
    pub(super) samples: Option<PathBuf>,

    /// Language of the text: en, ko or pt-BR [default: that of the locale]
    #[arg(long, value_name = "LANG", global = true, value_parser = lang)]
    pub(super) lang: Option<Lang>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(super) enum RulesAction {
    /// List the faults: id, severity, status and title
    List,
    /// Check the rules: what is wrong and what is unwise
    Lint,
    /// Run every sample and compare with what it expects
    Test,
}

/// What `check` takes.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(subcommand)]
    pub(super) what: CheckWhat,
}

#[derive(Debug, Subcommand)]
pub(super) enum CheckWhat {
    /// Check the external database of IM and Presence: reachable, TLS, login, version, encoding,
    /// rights, access lines, tables
    ExternalDb(Box<ExternalDbArgs>),
}

/// What `check external-db` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Nothing is changed: every question runs in a read-only transaction that is rolled back.\n\
                  The password is taken from --password-fd, from the file PGPASSFILE or ~/.pgpass, or asked \
                  for on the terminal.\n\
                  Exit codes: 0 all checks fine, 1 problems found, 2 wrong usage, 3 no connection, no login \
                  for want of a password or authority, or a database that cannot be looked into."
)]
pub(super) struct ExternalDbArgs {
    #[allow(
        rustdoc::broken_intra_doc_links,
        reason = "brackets of the usage, which --help prints as they stand"
    )]
    /// The database: postgres://USER@HOST[:PORT]/DATABASE[?sslmode=…&sslrootcert=FILE],
    /// oracle://HOST[:PORT] or sqlserver://HOST[:PORT]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub(super) url: String,

    /// Names or addresses of both nodes of the redundancy group, which have to be let in
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub(super) both_nodes: Vec<String>,

    /// Release of IM and Presence, such as 15 or 14SU3 [default: all that are known]
    #[arg(long, value_name = "RELEASE")]
    pub(super) release: Option<String>,

    /// Read the password from this open file descriptor, to the end of its first line
    #[arg(long, value_name = "N")]
    pub(super) password_fd: Option<u16>,

    /// Time for each connection and each answer, such as 5s [default: 10s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) timeout: Option<Duration>,

    /// Form of the result
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = PossibleValuesParser::new(["text", "json"]))]
    pub(super) format: String,

    /// Write the result to a file instead of standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) output: Option<PathBuf>,

    /// Exit with 1 when a check came out as this or worse
    #[arg(long, value_name = "OUTCOME", default_value = "warning")]
    pub(super) fail_on: FailOnCheck,

    #[command(flatten)]
    pub(super) knowledge: KnowledgeArgs,
}

/// The least outcome that makes `check` exit with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOnCheck {
    Warning,
    Problem,
    Never,
}

/// What `completions` takes.
#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(super) shell: Shell,
}

/// The least severity that makes `diagnose` exit with 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Info,
    Warning,
    Error,
    Critical,
    Never,
}

impl FailOn {
    pub(super) fn severity(self) -> Option<Severity> {
        match self {
            Self::Info => Some(Severity::Info),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
            Self::Critical => Some(Severity::Critical),
            Self::Never => None,
        }
    }
}

fn lang(text: &str) -> Result<Lang, String> {
    Lang::parse(text).ok_or_else(|| "known languages: en, ko, pt-BR".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_are_consistent() {
        use clap::CommandFactory as _;
        Program::command().debug_assert();
    }

    #[test]
    fn times_and_rings() {
        for (text, seconds) in [("90s", 90), ("5m", 300), ("2h", 7200), ("7", 7)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "0s", "m", "5d", "-1s", "1.5m", "99999999999s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        let wanted = Ring {
            count: 10,
            bytes: 50 << 20,
        };
        assert_eq!(ring("10x50M"), Ok(wanted));
        for wrong in ["", "10", "1x50M", "10x", "10x0M", "10x50", "x5M", "10x5T"] {
            assert!(ring(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn options_of_rules_may_stand_behind_the_action() {
        let parsed = Program::try_parse_from([
            "clusterdx",
            "rules",
            "lint",
            "--rules",
            "x",
            "--lang",
            "pt_BR",
        ])
        .unwrap();
        let Command::Rules(args) = parsed.command else {
            panic!("not rules")
        };
        assert_eq!(args.rules, Some(PathBuf::from("x")));
        assert_eq!(args.lang, Some(Lang::PtBr));
    }
}
