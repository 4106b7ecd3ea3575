#[canter::main(workers = 0)]
fn main(number: u32) {
    canter::yield_now().await;
    assert_eq!(number, 1);
}
