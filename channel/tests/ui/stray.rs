use canter_channel::select;

async fn second_comma() {
    select! {
        x = f() => 1,, y = g() => 2
    }
}

async fn comma_before_the_first_arm() {
    select! {
        , x = f() => 1
    }
}

async fn attribute() {
    select! {
        #[cfg(test)] x = f() => 1
    }
}

async fn arrow_behind_a_block() {
    select! {
        x = f() => {} => 2
    }
}

fn main() {}
