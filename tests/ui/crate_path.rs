#[canter::main(crate = "canter")]
async fn main() {}

#[canter::main(crate = some::)]
async fn half_a_path() {}

#[canter::main(crate = Vec<u8>)]
async fn type_in_its_place() {}

#[canter::test(crate)]
async fn no_value() {}
