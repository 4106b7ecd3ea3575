#[canter::main]
async fn main<T: Default>() -> T {
    helper::<u32>();
    T::default()
}

#[canter::main]
async fn helper<T>() -> T
where
    T: Default,
{
    T::default()
}

#[canter::test]
async fn test<const N: usize>() {
    assert_eq!(N, 1);
}
