//! The arguments of the commands that act on nodes, real or simulated.

use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "lab")]
use clap::Subcommand;
#[cfg(feature = "lab")]
use clap::builder::PossibleValuesParser;
use clap::{Args, ValueHint};

use super::{ClockArgs, KnowledgeArgs, duration};

/// Which diagnosis is acted upon, and how its nodes are reached.
#[derive(Debug, Args)]
pub(in crate::cli) struct PlannedArgs {
    /// The nodes and how they are reached (YAML)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) inventory: PathBuf,

    /// The cluster of the inventory, where several are faulty
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) cluster: Option<String>,

    #[command(flatten)]
    pub(in crate::cli) clock: ClockArgs,

    #[command(flatten)]
    pub(in crate::cli) knowledge: KnowledgeArgs,
}

/// What `plan` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 planned, or nothing is open, 2 wrong usage or rules, or nothing of what is \
                        open can be planned."
)]
pub(in crate::cli) struct PlanArgs {
    /// A report (JSON of 'diagnose'), or what 'diagnose' takes: files, folders, archives
    #[arg(value_name = "REPORT|PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) paths: Vec<String>,

    /// Write the plan (JSON) to a file, for 'fix'
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) output: Option<PathBuf>,

    #[command(flatten)]
    pub(in crate::cli) planned: PlannedArgs,
}

/// What `fix` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Before every step that changes something its command, node and risk are shown and you are \
                  asked; a destructive step wants the name of its node. Checks that only look are not asked for.\n\
                  Passwords are typed at ssh's own prompt or read from a descriptor that the inventory names.\n\
                  Exit codes: 0 mended and verified, or already healthy, 2 wrong usage, or the plan is refused, 4 a \
                  step or a check failed, or no check shows whether it helped, 5 declined, 130 interrupted."
)]
pub(in crate::cli) struct FixArgs {
    /// A plan (JSON of 'plan'), a report (JSON of 'diagnose'), or what 'diagnose' takes
    #[arg(value_name = "PLAN|REPORT|PATH", required_unless_present = "resume", value_hint = ValueHint::AnyPath)]
    pub(in crate::cli) paths: Vec<String>,

    /// Only look: log in and check, but send nothing that changes anything
    #[arg(long, conflicts_with = "resume")]
    pub(in crate::cli) dry_run: bool,

    /// Ask nothing; steps that interrupt service or delete something are refused
    #[arg(long)]
    pub(in crate::cli) yes: bool,

    /// Write a report of the run to a file: HTML, or Markdown where its name ends in '.md'
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "dry_run")]
    pub(in crate::cli) report: Option<PathBuf>,

    /// Go on with a run that was cut off; the plan is taken from its journal
    #[arg(long, value_name = "JOURNAL", value_hint = ValueHint::FilePath)]
    pub(in crate::cli) resume: Option<PathBuf>,

    /// Time for the answer to one command
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(in crate::cli) command_timeout: Duration,

    /// Time for the effect of a step to show [default: what the remedy says]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(in crate::cli) settle_timeout: Option<Duration>,

    #[command(flatten)]
    pub(in crate::cli) planned: PlannedArgs,
}

/// What `lab` takes.
#[cfg(feature = "lab")]
#[derive(Debug, Args)]
pub(in crate::cli) struct LabArgs {
    #[command(subcommand)]
    pub(in crate::cli) what: LabWhat,
}

#[cfg(feature = "lab")]
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum LabWhat {
    /// List the scenarios, one a line
    List,
    /// Start a broken cluster on this machine and keep it until Ctrl-C
    Up(LabUpArgs),
    /// Break a simulated cluster, collect, diagnose, fix and verify; asks nothing
    #[command(
        after_help = "Exit codes: 0 it ended as the scenario says, 2 wrong usage, 4 it did not."
    )]
    Run {
        /// A name of 'lab list'
        scenario: String,
    },
}

/// What `lab up` takes.
#[cfg(feature = "lab")]
#[derive(Debug, Args)]
pub(in crate::cli) struct LabUpArgs {
    /// Product of the cluster: cms, expressway or imp
    #[arg(value_name = "PRODUCT", value_parser = PossibleValuesParser::new(["cms", "expressway", "imp"]), hide_possible_values = true)]
    pub(in crate::cli) product: String,

    /// What is broken, as 'lab list' names it [default: the first one of the product]
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) scenario: Option<String>,

    /// New or empty folder for inventory, known hosts and logs [default: one named after the
    /// scenario, here]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub(in crate::cli) dir: Option<PathBuf>,

    /// How many times faster than real the cluster's clock runs
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = speed)]
    pub(in crate::cli) speed: f64,
}

/// A number of times.
#[cfg(feature = "lab")]
fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.1..=1000.0).contains(&speed) => Ok(speed),
        _ => Err("expected a number from 0.1 to 1000".to_owned()),
    }
}
