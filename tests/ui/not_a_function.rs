fn main() {
    Program;
}

#[canter::main]
pub struct Program;

#[canter::main(unknown)]
const NUMBER: u32 = 1;

#[canter::test]
mod tests {}

#[canter::test]
unsafe extern "C" {}

trait Run {
    #[canter::main]
    async fn run();
}
