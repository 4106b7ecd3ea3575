use canter_channel::select;

async fn in_one_select() {
    select! {
        x = f() => x
        [a, b] = g() => (a)
        &c = h() => c, d = e => 5, _ = 4
    }
}

async fn between_good_arms() {
    select! {
        x = f() => a, b, y = g() => 2
    }
}

async fn of_several_kinds() {
    select! {
        rx.recv() => 1,
        x = f() if a => 2,
        default { 3 }
        y = g(),
        z = h() => 5
    }
}

fn main() {}
