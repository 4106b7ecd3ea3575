#[canter::main]
async unsafe fn main() {
    helper();
}

#[canter::main]
async extern "C" fn helper() {}
