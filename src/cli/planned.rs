//! From what was given on the command line to a plan.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use crate::catalog::Catalog;
use crate::catalog::text::Lang;
use crate::model::inventory::Cluster;
use crate::model::plan::{self, Plan};
use crate::model::report::{self, Report};
use crate::plan::{basis, is_unchanged, matches, plan as make};

use super::args::PlannedArgs;
use super::failure::{Failure, Trouble};
use super::inventory::Loaded;
use super::{reading, settings};

/// Bytes in which a report or a plan names its shape.
const HEAD: u64 = 256;

/// The plan for what was given: a plan, a report, or something to diagnose.
///
/// # Errors
/// Nothing can be read, no cluster of the inventory is in it, or the plan is not what the rules in
/// force make of it.
pub(super) fn plan(
    paths: &[String],
    args: &PlannedArgs,
    inventory: &Loaded,
    catalog: &Catalog,
) -> Result<Plan, Failure> {
    let lang = settings::language(args.knowledge.lang);
    if let [path] = paths {
        match shape(path).as_deref() {
            Some(plan::SCHEMA) => {
                let plan = reading::saved(path, "plan")?;
                check(&plan, path, inventory, catalog)?;
                return Ok(plan);
            }
            Some(report::SCHEMA) => {
                return from_report(
                    &reading::saved(path, "report")?,
                    args,
                    inventory,
                    catalog,
                    lang,
                );
            }
            _ => {}
        }
    }
    let options = reading::options(&args.clock, lang)?;
    let report = reading::report(paths, catalog, &options)?;
    from_report(&report, args, inventory, catalog, lang)
}

/// Refuses a plan that these rules would not make, or whose nodes are reached in another way now.
///
/// # Errors
/// The plan was changed, or is of other rules or of another inventory.
pub(super) fn check(
    plan: &Plan,
    from: &str,
    inventory: &Loaded,
    catalog: &Catalog,
) -> Result<(), Failure> {
    let refused = |cause: String, help: &str| -> Failure {
        let trouble = Trouble::new(format!("the plan in '{from}' is refused"));
        trouble.cause(cause).help(help).into()
    };
    let again = "make a new plan of a new diagnosis";
    if plan.basis.rules_digest != catalog.digest() {
        return Err(refused(
            "it was made by other rules than those in force".to_owned(),
            again,
        ));
    }
    let languages = [Lang::En, Lang::Ko, Lang::PtBr];
    if !languages
        .iter()
        .any(|lang| is_unchanged(plan, catalog, *lang))
    {
        return Err(refused(
            "it is not what the rules make of its diagnosis: it was changed".to_owned(),
            again,
        ));
    }
    let cluster = inventory.cluster(&plan.basis.cluster);
    let cluster = cluster.ok_or_else(|| {
        refused(
            format!("the inventory has no cluster '{}'", plan.basis.cluster),
            "give the inventory that the plan was made with",
        )
    })?;
    for planned in &plan.basis.nodes {
        let same = cluster.nodes.iter().any(|node| {
            let way = node.agent == planned.agent && node.dialect == planned.dialect;
            node.name == planned.name && node.address == planned.address && way
        });
        if !same {
            return Err(refused(
                format!(
                    "the inventory reaches '{}' in another way than the plan",
                    planned.name
                ),
                again,
            ));
        }
    }
    Ok(())
}

/// The shape that a JSON file names in its first bytes.
fn shape(path: &str) -> Option<String> {
    // whoever opens a pipe waits for its writer, and takes what it wrote
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut head = String::new();
    let file = File::open(path).ok()?;
    let mut bytes = Vec::new();
    file.take(HEAD).read_to_end(&mut bytes).ok()?;
    head.push_str(&String::from_utf8_lossy(&bytes));
    let rest = head.trim_start().strip_prefix('{')?.trim_start();
    let rest = rest
        .strip_prefix("\"schema\"")?
        .trim_start()
        .strip_prefix(':')?;
    let (name, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
    Some(name.to_owned())
}

fn from_report(
    report: &Report,
    args: &PlannedArgs,
    inventory: &Loaded,
    catalog: &Catalog,
    lang: Lang,
) -> Result<Plan, Failure> {
    if report.tool.rules_digest != catalog.digest() {
        return Err(Trouble::new("the report is refused")
            .cause("it was made by other rules than those in force")
            .help("diagnose again, or give the same '--rules'")
            .into());
    }
    let (found, wanted) = chosen(report, args.cluster.as_deref(), inventory)?;
    Ok(make(basis(found, wanted, catalog.digest()), catalog, lang))
}

/// The cluster of the report and of the inventory that is meant.
fn chosen<'r>(
    report: &'r Report,
    name: Option<&str>,
    inventory: &'r Loaded,
) -> Result<(&'r report::Cluster, &'r Cluster), Failure> {
    let mut pairs: Vec<(&report::Cluster, &Cluster)> = Vec::new();
    for found in &report.clusters {
        let fits = |wanted: &&Cluster| {
            name.is_none_or(|name| wanted.name == name) && matches(found, wanted)
        };
        pairs.extend(
            inventory
                .inventory
                .clusters
                .iter()
                .filter(fits)
                .map(|wanted| (found, wanted)),
        );
    }
    let broken = |pair: &&(&report::Cluster, &Cluster)| pair.0.verdict == report::Verdict::Faulty;
    let faulty: Vec<_> = pairs.iter().filter(broken).copied().collect();
    match (faulty.as_slice(), pairs.as_slice()) {
        ([one], _) | ([], [one, ..]) => Ok(*one),
        ([], []) => Err(Trouble::new("no cluster of the inventory is in the diagnosis")
            .cause(match report.clusters.as_slice() {
                [] => "no cluster was recognised in what was read".to_owned(),
                found => format!("the diagnosis is of {}", names(found.iter().map(|c| c.name.as_str()))),
            })
            .help("names or addresses of the nodes in the inventory have to be those of the diagnosis")
            .into()),
        (several, _) => Err(Trouble::new("several clusters of the inventory are faulty")
            .help(format!(
                "choose one by '--cluster': {}",
                names(several.iter().map(|(_, wanted)| wanted.name.as_str()))
            ))
            .into()),
    }
}

fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// Where a file is named in a message.
pub(super) fn shown(path: &Path) -> String {
    path.display().to_string()
}
