use canter_channel::select;

async fn no_comma_before_it() {
    select! {
        x = f() if a => 1
    }
}

async fn no_condition() {
    select! {
        x = f(), if => 1
    }
}

async fn no_body() {
    select! {
        x = f(), if a, y = g() => 2
    }
}

async fn behind_the_pattern() {
    select! {
        x if a = f() => 1
    }
}

async fn as_in_a_match() {
    select! {
        Some(x) if x > 3 => 1
    }
}

async fn comparison_behind_the_pattern() {
    select! {
        x if x == 3 = f() => 1
    }
}

async fn behind_the_body() {
    select! {
        x = f() => x, if a => x
    }
}

fn main() {}
