const FOUR: usize = 4;

#[canter::main(workers = 0)]
async fn main() {
    canter::yield_now().await;
}

#[canter::main(workers = -1)]
async fn negative() {}

#[canter::main(workers = 99999999999999999999)]
async fn more_than_a_usize_holds() {}

#[canter::main(workers = "2")]
async fn string() {}

#[canter::main(workers = 2.0)]
async fn fraction() {}

#[canter::main(workers = FOUR * 2)]
async fn expression() {}

#[canter::main(workers = 2 crate = canter)]
async fn comma_forgotten() {}

#[canter::main(workers)]
async fn no_value() {}

#[canter::main(workers =)]
async fn no_value_after_the_sign() {}

#[canter::main(workers(2))]
async fn value_in_parentheses() {}

#[canter::test(workers = 0)]
async fn test() {}
