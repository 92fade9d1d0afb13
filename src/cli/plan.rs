//! `clusterdx plan`: the remedies as an ordered, checked plan; contacts nobody.

use crate::locale::Locale;
use crate::model::plan::Plan;
use crate::report;

use super::args::PlanArgs;
use super::failure::Failure;
use super::output::Target;
use super::{Exit, diagnose, inventory, planned, print, settings};

/// Plans and prints.
pub(super) fn run(args: &PlanArgs) -> Result<Exit, Failure> {
    let catalog = diagnose::catalog(&args.planned.knowledge)?;
    let inventory = inventory::load(&args.planned.inventory)?;
    let target = Target::new(args.output.as_deref(), &args.paths)?;
    let plan = planned::plan(&args.paths, &args.planned, &inventory, &catalog)?;
    let lang = settings::language(args.planned.knowledge.lang);
    print(&text(&plan, &settings::locale(&catalog, lang)))?;
    if !matches!(target, Target::Standard) {
        target.write(|out| {
            serde_json::to_writer_pretty(&mut *out, &plan)?;
            out.write_all(b"\n")
        })?;
    }
    let hopeless = plan.tasks.is_empty() && !plan.basis.incidents.is_empty();
    Ok(if hopeless { Exit::Usage } else { Exit::Clean })
}

/// A plan as text for the terminal.
pub(super) fn text(plan: &Plan, locale: &Locale) -> Vec<u8> {
    let mut text = Vec::new();
    // memory takes everything
    _ = report::plan::write(plan, locale, settings::width(), &mut text);
    text
}
