#[canter::main]
async fn main() -> Result<(), String> {
    let number: u32 = "one";
    helper()?;
    number
}

#[canter::main]
async fn helper() -> Result<(), String> {
    canter::yield_now().await;
    Ok(())
}
