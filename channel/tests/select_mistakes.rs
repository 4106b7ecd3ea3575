//! What the compiler says about a `select!` that is wrong: it points at what the user wrote.

#[test]
fn errors_point_at_what_is_wrong() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
