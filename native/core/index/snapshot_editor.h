// The next snapshot in the making: what the present one shows, changed. Nobody sees any of it before it is
// published.
//
// Thread safety: one thread at a time.
// Cost: the tombstones of a segment are copied once, at the first slot of it that dies.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/bitset.h"
#include "index/id_map.h"
#include "index/snapshot.h"
#include "segment/segment.h"

namespace segvec {

class SnapshotEditor {
 public:
  explicit SnapshotEditor(const Snapshot& present) {
    edits_.reserve(present.views.size());
    for (const SegmentView& view : present.views) edits_.push_back({view, nullptr});
  }

  // Shows the slots of a segment below `slot_count`, and the graph that it has now, or the one that it gets when it is sealed
  // next. The segment may be shown already.
  void Show(const std::shared_ptr<const Segment>& segment, uint32_t slot_count,
            std::shared_ptr<const Graph> sealed_graph = nullptr) {
    SegmentView view(segment, slot_count, nullptr);
    if (sealed_graph) view.graph = std::move(sealed_graph);
    const auto at = PlaceOf(segment->number());
    if (at != edits_.end() && at->view.segment->number() == segment->number()) {
      view.dead = std::move(at->view.dead);
      at->view = std::move(view);
    } else {
      edits_.insert(at, {std::move(view), nullptr});
    }
  }

  // Shows nothing of a segment any more. REQUIRES: it is shown.
  void Drop(uint32_t number) { edits_.erase(PlaceOf(number)); }

  // Buries a slot: it is never returned again. Returns whether it was alive. REQUIRES: its segment is shown.
  bool Kill(Location location) {
    Edit& edit = *PlaceOf(location.segment);
    const SegmentView& view = edit.view;
    if (!edit.dead) edit.dead = std::make_shared<Bitset>(view.dead ? *view.dead : Bitset(view.slot_count));
    return edit.dead->Set(location.slot);
  }

  // The snapshot; the editor is empty then.
  std::shared_ptr<const Snapshot> Finish() {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->views.reserve(edits_.size());
    for (Edit& edit : edits_) {
      if (edit.dead) edit.view.dead = std::move(edit.dead);
      snapshot->vector_count += edit.view.live_count();
      snapshot->views.push_back(std::move(edit.view));
    }
    edits_.clear();
    return snapshot;
  }

 private:
  struct Edit {
    SegmentView view;
    std::shared_ptr<Bitset> dead;  // null while the view's own will do
  };

  std::vector<Edit>::iterator PlaceOf(uint32_t number) {
    return std::lower_bound(edits_.begin(), edits_.end(), number, [](const Edit& edit, uint32_t wanted) {
      return edit.view.segment->number() < wanted;
    });
  }

  std::vector<Edit> edits_;  // ascending segment number
};

}  // namespace segvec
