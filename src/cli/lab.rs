//! `clusterdx lab`: simulated clusters to practise on.

use crate::lab::{SCENARIOS, Scenario, scenario};

use super::args::{LabArgs, LabWhat};
use super::failure::{Failure, Trouble, did_you_mean};
use super::near::near;
use super::{Exit, print};

mod run;
mod up;

/// Runs what was asked for.
pub(super) fn run(args: &LabArgs) -> Result<Exit, Failure> {
    match &args.what {
        LabWhat::List => list(),
        LabWhat::Up(args) => up::run(args),
        LabWhat::Run { scenario } => run::run(known(scenario)?),
    }
}

/// One scenario a line, its name first.
fn list() -> Result<Exit, Failure> {
    let all: Vec<&Scenario> = SCENARIOS.iter().flat_map(|of| of.iter()).collect();
    let widest = all.iter().map(|one| one.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for one in all {
        text.push_str(&format!("{:<widest$}  {}\n", one.name, one.story));
    }
    print(text.as_bytes())?;
    Ok(Exit::Clean)
}

fn known(name: &str) -> Result<&'static Scenario, Failure> {
    scenario(name).ok_or_else(|| {
        let names = SCENARIOS
            .iter()
            .flat_map(|of| of.iter())
            .map(|one| one.name);
        let trouble = Trouble::new(format!("there is no scenario '{name}'"));
        let names = near(name, names);
        match names.is_empty() {
            true => trouble.help("'clusterdx lab list' lists the scenarios"),
            false => trouble.help(did_you_mean(&names)),
        }
        .into()
    })
}
