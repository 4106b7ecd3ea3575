//! A snapshot as another program reads it.

use canter_executor::diagnostics::PollTiming;
use canter_executor::runtime::Runtime;

/// The JSON of a snapshot has the numbers of the snapshot, and of a histogram the buckets that are not empty.
#[test]
fn a_snapshot_is_serialised_with_all_its_numbers() {
    let timing = PollTiming::All;
    let runtime = Runtime::builder().workers(2).time_polls(timing).build().unwrap();
    runtime.block_on(runtime.spawn(async {})).unwrap();
    let metrics = runtime.metrics();
    let json = serde_json::to_value(&metrics).unwrap();
    assert_eq!(json["tasks"]["spawned"], 1);
    assert_eq!(json["workers"].as_array().unwrap().len(), 2);
    assert_eq!(json["total"]["polls"], metrics.total.polls);
    let buckets = json["total"]["poll_times"].as_array().unwrap();
    let counts = buckets.iter().map(|bucket| bucket["count"].as_u64().unwrap());
    assert_eq!(counts.sum::<u64>(), metrics.total.poll_times.count());
    assert_eq!(json["blocking"]["waiting"], 0);
}
