#[canter::main]
async fn main(arguments: Vec<String>) {
    println!("{arguments:?}");
    helper(1, 2);
}

#[canter::main]
async fn helper(first: u32, second: u32) -> u32 {
    first + second
}

struct Program;

impl Program {
    #[canter::main]
    async fn run(&self) {}
}

#[canter::test]
async fn test(number: u32) {
    assert_eq!(number, 1);
}
