#[canter::main(flavor = "multi_thread", workers = 2)]
async fn main() {}

#[canter::main(workers = 2, worker_threads = 2)]
async fn second_option() {}

#[canter::main("multi_thread")]
async fn no_name() {}

#[canter::main(2)]
async fn number() {}

#[canter::test(start_paused)]
async fn test() {}
