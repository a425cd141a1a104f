// A request for memory fails while a file is opened or written: out of memory, and nothing leaked.
#include <doctest/doctest.h>

#include "faults/failing_memory.h"
#include "faults/outcome.h"
#include "support/file_samples.h"
#include "support/sanitizers.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

// Runs `operation` with every one of its requests failing, once and from then on.
template <class Operation>
void FailEveryRequest(const Operation& operation) {
  for (const FaultKind kind : {FaultKind::kOnce, FaultKind::kFromThenOn}) {
    int64_t number = 1;
    for (bool has_failed = true; has_failed; ++number) {
      MemoryFault fault(number, kind);
      const Outcome outcome = OutcomeOf(operation);
      has_failed = fault.Stop();
      if ((outcome == Outcome::kDone) == has_failed || outcome == Outcome::kOther) {
        FAIL_CHECK("request " << number << ", outcome " << static_cast<int>(outcome));
      }
    }
    CHECK(number > 2);
  }
}

TEST_CASE("Memory: opening a file of any kind") {
  for (const FileSample& sample : SmallSamples()) {
    CAPTURE(sample.name);
    FailEveryRequest([&] { sample.open(sample.bytes, {}); });
  }
  const FileSample large =
      SegmentSample("large", RandomVectors(1500, 20, 1), {Metric::kCosine, true, true, 8});
  FailEveryRequest([&] { large.open(large.bytes, {}); });
  const FileSample mapped = Mapped(large);
  FailEveryRequest([&] { mapped.open(mapped.bytes, {}); });
}

TEST_CASE("Memory: writing a segment") {
  const auto segment = SealedSegment(RandomVectors(1500, 20, 1), {Metric::kCosine, true, true, 8});
  FailEveryRequest([&] {
    Bytes bytes;
    ByteSink sink(bytes);
    WriteSegment(*segment, kSampleIdentity, sink);
  });
}

}  // namespace
}  // namespace segvec
