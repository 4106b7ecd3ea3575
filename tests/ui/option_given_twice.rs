#[canter::main(workers = 2, workers = 3)]
async fn main() {}

#[canter::test(crate = canter, workers = 2, crate = ::canter)]
async fn test() {}
