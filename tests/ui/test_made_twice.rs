fn main() {
    program();
}

#[canter::test]
#[test]
async fn with_the_plain_attribute() {}

#[canter::test]
#[core::prelude::v1::test]
async fn with_the_whole_path() {}

#[canter::test]
#[should_panic]
#[canter::test]
async fn with_itself() {}

#[canter::main]
#[canter::test]
async fn program() {}
