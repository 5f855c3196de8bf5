// selftest.rs: @MARK@
extern crate @CRATE@;

#[test]
fn known_results() {
    let result = @CRATE@::self_test(None);
    assert!(result.samples > 0, "no known results: convert where the reference is installed");
    assert_eq!(result.passed, 1, "{result:?}");
}
