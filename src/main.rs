//! temporary
fn main() {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let catalog = clusterdx::catalog::Catalog::builtin().unwrap();
    let selection = clusterdx::source::select(&paths).unwrap();
    let limits = clusterdx::source::limits::Limits::default();
    let options = clusterdx::pipeline::Options { year: Some(2017), threads: 2, ..Default::default() };
    let stop = std::sync::atomic::AtomicBool::new(false);
    let r = clusterdx::pipeline::run(clusterdx::pipeline::Job { selection: &selection, limits: &limits, catalog: &catalog, options: &options, progress: &|_| (), stop: &stop }).unwrap();
    println!("{}", serde_json::to_string_pretty(&r).unwrap());
}
