//! The site is embedded: a new build of it makes a new binary.

fn main() {
    println!("cargo:rerun-if-changed=../target/site");
}
