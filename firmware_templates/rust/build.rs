// build.rs: @MARK@
fn main() {
    println!("cargo:rerun-if-changed=c");
    cc::Build::new()
        .files(["c/@NAME@.c", "c/@NAME@_selftest.c"])
        .opt_level_str("s")
        .warnings(true)
        .compile("@CRATE@_c");
}
