//! The rules that were compiled into the program.

use crate::catalog::{Catalog, Problem};

static BLOB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/rules.bin"));

impl Catalog {
    /// The built-in rules.
    pub fn builtin() -> anyhow::Result<Self> {
        Self::from_blob(BLOB)
    }

    /// The built-in rules, with those of a folder added.
    pub fn load(overlay: Option<&std::path::Path>) -> Result<Self, Vec<Problem>> {
        let builtin = Self::builtin()
            .map_err(|error| vec![Problem::new("built-in rules", error.to_string())])?;
        match overlay {
            Some(folder) => builtin.overlaid(folder),
            None => Ok(builtin),
        }
    }
}
