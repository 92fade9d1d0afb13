//! `clusterdx lab up`: a broken cluster that runs until Ctrl-C.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use super::super::args::LabUpArgs;
use super::super::failure::Trouble;
use super::super::{Exit, Failure, interrupt, print, say};
use crate::lab::{INVENTORY, KNOWN_HOSTS, Lab, LabOptions, SCENARIOS, Scenario};

/// Folders of the same name that are looked at for one that is free.
const FOLDERS: u32 = 1000;
/// What is collected before and after somebody repairs.
const BEFORE: &str = "collected";
const AFTER: &str = "after";

/// Starts a lab and keeps it until Ctrl-C.
pub(super) fn run(args: &LabUpArgs) -> Result<Exit, Failure> {
    let scenario = wanted(args)?;
    let folder = match &args.dir {
        Some(given) => given_folder(given)?,
        None => fresh_folder(scenario.name)?,
    };
    let (stop, stopped) = mpsc::channel();
    interrupt::first(move || {
        // nobody listens any more when the lab is about to end
        _ = stop.send(());
    });
    let options = LabOptions {
        time_scale: args.speed,
        ..LabOptions::default()
    };
    let lab = Lab::start(scenario, &options)
        .map_err(|error| Trouble::new("cannot start the lab").because(&error))?;
    write(&lab, &folder)?;
    print(next_steps(&lab, &folder).as_bytes())?;
    // an end of the channel would be an end of the wait as well
    _ = stopped.recv();
    collect(&lab, &folder.join(AFTER))?;
    say(&format!(
        "the lab has ended; '{}' holds what its nodes wrote until then",
        folder.join(AFTER).display()
    ));
    Ok(Exit::Clean)
}

/// The scenario that is asked for, else the first of its product.
fn wanted(args: &LabUpArgs) -> Result<&'static Scenario, Failure> {
    let mut of = SCENARIOS.iter().flat_map(|of| of.iter());
    let product = |s: &&Scenario| s.product.as_str() == args.product;
    let Some(name) = &args.scenario else {
        let first = of.find(product);
        return first.ok_or_else(|| Trouble::new("there is no such lab").into());
    };
    let found = super::known(name)?;
    if product(&found) {
        return Ok(found);
    }
    let trouble = Trouble::new(format!("scenario '{name}' is not one of {}", args.product));
    let help = format!(
        "run 'clusterdx lab up {} --scenario {name}'",
        found.product.as_str()
    );
    Err(trouble.help(help).into())
}

/// A folder that the user names: it may be new or empty, so that nothing of his is overwritten.
fn given_folder(folder: &Path) -> Result<PathBuf, Failure> {
    let trouble = |error: &io::Error| {
        Trouble::new(format!("cannot use the folder '{}'", folder.display())).because(error)
    };
    fs::create_dir_all(folder).map_err(|error| trouble(&error))?;
    let mut entries = fs::read_dir(folder).map_err(|error| trouble(&error))?;
    if entries.next().is_some() {
        let full = Trouble::new(format!("the folder '{}' is not empty", folder.display()));
        return Err(full.help("name a folder that is new or empty").into());
    }
    Ok(folder.to_owned())
}

/// A new folder below the current one.
fn fresh_folder(name: &str) -> Result<PathBuf, Failure> {
    for number in 1..=FOLDERS {
        let folder = match number {
            1 => PathBuf::from(name),
            _ => PathBuf::from(format!("{name}-{number}")),
        };
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                let what = format!("cannot make the folder '{}'", folder.display());
                let help = "name another one with --dir";
                return Err(Trouble::new(what).because(&error).help(help).into());
            }
        }
    }
    let full = Trouble::new(format!("there are too many folders '{name}'"));
    Err(full.help("name one with --dir").into())
}

fn write(lab: &Lab, folder: &Path) -> Result<(), Failure> {
    lab.write_inventory(folder)
        .map_err(|error| cannot_write(folder, &error))?;
    collect(lab, &folder.join(BEFORE))
}

fn collect(lab: &Lab, folder: &Path) -> Result<(), Failure> {
    lab.collect(folder)
        .map_err(|error| cannot_write(folder, &error))
}

fn cannot_write(folder: &Path, error: &io::Error) -> Failure {
    let what = format!("cannot write into '{}'", folder.display());
    Trouble::new(what).because(error).into()
}

/// What somebody can do with the lab now.
fn next_steps(lab: &Lab, folder: &Path) -> String {
    let scenario = lab.scenario();
    let at = |name: &str| folder.join(name).display().to_string();
    let mut text = format!("{}: {}\n\n", scenario.name, scenario.story);
    for node in lab.nodes() {
        text.push_str(&format!(
            "  {}  {:<13} ssh -p {} -o UserKnownHostsFile={} {}@127.0.0.1\n",
            node.name,
            node.address,
            node.port,
            at(KNOWN_HOSTS),
            lab.user(),
        ));
    }
    text.push_str(&format!(
        "\nThe password of {} is {}\n\nNext, in another terminal:\n  clusterdx diagnose {}\n  \
         clusterdx fix {} --inventory {}\n\nCtrl-C ends the lab and collects once more, into {}.\n",
        lab.user(),
        lab.password(),
        at(BEFORE),
        at(BEFORE),
        at(INVENTORY),
        at(AFTER),
    ));
    text
}
