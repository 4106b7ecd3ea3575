use canter_channel::select;

async fn closure() -> u32 {
    select! {
        x = |fut => 3
    }
}

async fn generic_arguments() -> u32 {
    select! {
        x = Foo::<u32 => 3
    }
}

fn main() {}
