fn main() {
    let c = clusterdx::catalog::Catalog::builtin().unwrap();
    let t = clusterdx::detect::table::Table::new(&c);
    for e in t.entries() {
        println!(
            "{}\t{:?}\t{}\t{:?}\t{:?}",
            e.signal.format, e.owner, e.signal.name, e.usage, e.signal.literals
        );
    }
}
