#[canter::main]
fn main() {
    canter::yield_now().await;
    helper();
}

#[canter::main]
pub(crate) fn helper() -> u32 {
    0
}

#[canter::test]
fn test() {
    canter::yield_now().await;
}
