//! Checks `rules/` and compiles it into the blob that travels in the program.

#![allow(dead_code, missing_docs, unreachable_pub)]

use std::path::Path;

#[path = "src/catalog/mod.rs"]
mod catalog;
#[path = "src/model/mod.rs"]
mod model;

fn main() {
    println!("cargo::rerun-if-changed=rules");
    if let Err(message) = compile() {
        for line in message.lines() {
            println!("cargo::error={line}");
        }
        std::process::exit(1);
    }
}

fn compile() -> Result<(), String> {
    let say = |problems: Vec<catalog::Problem>| {
        problems
            .iter()
            .map(|p| {
                if p.near.is_empty() {
                    p.to_string()
                } else {
                    format!("{p} (near: {})", p.near.join(", "))
                }
            })
            .collect::<Vec<_>>()
            .join("\n")
    };
    let files = catalog::compile::read_folder(Path::new("rules")).map_err(say)?;
    let compiled = catalog::compile::compile(catalog::Catalog::default(), &files).map_err(say)?;
    let blob = compiled.to_blob().map_err(|error| error.to_string())?;
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::write(Path::new(&out).join("rules.bin"), blob).map_err(|error| error.to_string())
}
