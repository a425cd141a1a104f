#include "index/snapshot_editor.h"

#include <doctest/doctest.h>

#include <memory>

#include "graph/loops.h"
#include "support/vectors.h"

namespace segvec {
namespace {

std::shared_ptr<Segment> MakeSegment(uint32_t number) {
  const InstructionSet set = SelectedInstructionSet();
  return std::make_shared<Segment>(
      SegmentShape{4, Metric::kL2, 16, 100, false},
      SegmentLoops{&LoopsFor(Metric::kL2, Element::kFloat, set), &LoopsFor(Metric::kL2, Element::kCode, set)},
      number, 1);
}

TEST_CASE("SnapshotEditor: shows, drops and buries, and leaves the snapshot it began with alone") {
  SnapshotEditor first{Snapshot()};
  first.Show(MakeSegment(7), 70);
  first.Show(MakeSegment(3), 30);
  first.Show(MakeSegment(5), 50);
  CHECK(first.Kill({5, 10}));
  CHECK_FALSE(first.Kill({5, 10}));
  const auto before = first.Finish();
  CHECK(before->vector_count == 149);
  REQUIRE(before->views.size() == 3);
  CHECK(before->views[0].segment->number() == 3);
  CHECK(before->views[2].segment->number() == 7);
  CHECK(before->views[0].dead == nullptr);

  SnapshotEditor second(*before);
  CHECK_FALSE(second.Kill({5, 10}));
  CHECK(second.Kill({5, 49}));
  CHECK(second.Kill({7, 80}));
  second.Show(before->views[2].segment, 90);
  second.Drop(3);
  second.Show(MakeSegment(4), 1);
  const auto after = second.Finish();
  CHECK(after->vector_count == 1 + 48 + 89);
  CHECK(after->FindView(3) == nullptr);
  CHECK(after->FindView(4)->slot_count == 1);
  CHECK_FALSE(after->FindView(5)->visibility().Contains(10));
  CHECK_FALSE(after->FindView(7)->visibility().Contains(80));
  CHECK(after->FindView(7)->visibility().Contains(89));
  CHECK(before->FindView(5)->visibility().Contains(49));
  CHECK(before->vector_count == 149);
}

TEST_CASE("SnapshotEditor: tombstones that do not change are shared") {
  SnapshotEditor first{Snapshot()};
  first.Show(MakeSegment(1), 10);
  first.Show(MakeSegment(2), 10);
  first.Kill({1, 1});
  first.Kill({2, 2});
  const auto before = first.Finish();
  SnapshotEditor second(*before);
  second.Kill({2, 3});
  const auto after = second.Finish();
  CHECK(after->views[0].dead == before->views[0].dead);
  CHECK(after->views[1].dead != before->views[1].dead);
}

}  // namespace
}  // namespace segvec
