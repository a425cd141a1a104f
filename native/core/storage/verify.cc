#include "storage/verify.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/random.h"
#include "storage/segment_file.h"

namespace segvec {
namespace {

constexpr uint32_t kSlotsPerPoll = 512;

class Verifier {
 public:
  Verifier(const Segment& segment, const Bitset* dead, const OnVerified& on_verified)
      : segment_(segment), visibility_{segment.slot_count(), dead}, on_verified_(on_verified) {}

  SegmentReport Run(const VerifyOptions& options) {
    segment_.CheckAll();
    report_.slot_count = segment_.slot_count();
    report_.has_graph = segment_.has_graph();
    // Passes over the slots that are to come.
    pass_count_ = 1.0 + (segment_.quantizer() != nullptr) + (report_.has_graph ? 1 + options.probe_count : 0);
    CountIds();
    CompareCodes();
    if (report_.has_graph) {
      CountUnreachable();
      Probe(options);
    }
    return report_;
  }

 private:
  // One slot further, in any of the passes.
  void Poll(uint32_t slot) {
    if (slot % kSlotsPerPoll == 0) Advance(std::min(kSlotsPerPoll, report_.slot_count));
  }
  void Advance(uint32_t slot_count) {
    passed_count_ += slot_count;
    const double most = pass_count_ * report_.slot_count;
    if (on_verified_) on_verified_(std::min(1.0, static_cast<double>(passed_count_) / most));
  }

  void CountIds() {
    std::vector<uint64_t> ids;
    for (uint32_t slot = 0; slot < report_.slot_count; ++slot) {
      Poll(slot);
      if (visibility_.Contains(slot)) ids.push_back(segment_.id(slot));
    }
    report_.live_count = static_cast<uint32_t>(ids.size());
    std::ranges::sort(ids);
    const auto repeated = std::ranges::unique(ids);
    report_.duplicate_id_count = static_cast<uint32_t>(repeated.size());
  }

  void CompareCodes() {
    const ScalarQuantizer* quantizer = segment_.quantizer();
    if (quantizer == nullptr) return;
    const SegmentRows rows = segment_.rows();
    const size_t dimension = segment_.shape().dimension;
    std::vector<uint8_t> codes(rows.codes.block_count * 64);
    std::vector<float> vector(dimension);
    for (uint32_t slot = 0; slot < report_.slot_count; ++slot) {
      Poll(slot);
      int32_t correction = 0;
      if (segment_.has_row(slot)) {
        segment_.CopyVector(slot, vector.data());
        correction = quantizer->Encode(vector.data(), segment_.inverse_norm(slot), codes.data()).term;
      } else {
        std::copy_n(rows.codes.Row(slot), dimension, codes.begin());  // the tail stays zero
        correction = quantizer->CorrectionOf(codes.data());
      }
      report_.wrong_code_count += correction != rows.codes.corrections[slot] ||
                                  std::memcmp(codes.data(), rows.codes.Row(slot), codes.size()) != 0;
    }
  }

  // Follows the links of all levels from the entry.
  void CountUnreachable() {
    const std::shared_ptr<const Graph> graph = segment_.graph();
    std::vector<bool> is_seen(report_.slot_count);
    std::vector<uint32_t> open{graph->entry().slot};
    is_seen[open[0]] = true;
    for (uint32_t step = 0; !open.empty(); ++step) {
      Poll(step);
      const uint32_t slot = open.back();
      open.pop_back();
      for (uint32_t level = 0; level <= graph->LevelOf(slot); ++level) {
        graph->ForLinks(slot, level, [&](uint32_t link) {
          if (is_seen[link]) return;
          is_seen[link] = true;
          open.push_back(link);
        });
      }
    }
    for (uint32_t slot = 0; slot < report_.slot_count; ++slot) {
      report_.unreachable_count += visibility_.Contains(slot) && !is_seen[slot];
    }
  }

  // Searches for rows of the segment's own, and compares what is found with a scan.
  void Probe(const VerifyOptions& options) {
    const SegmentRows rows = segment_.rows();
    Random random(options.seed);
    std::vector<float> vector(rows.floats.block_count * kBlockFloats);
    SegmentSearchContext context;
    std::vector<Hit> hits;
    Nearest nearest;
    uint64_t wanted_count = 0, found_count = 0;
    for (uint32_t i = 0; i < options.probe_count; ++i) {
      const auto slot = static_cast<uint32_t>(random.Below(report_.slot_count));
      if (!visibility_.Contains(slot)) continue;
      segment_.CopyVector(slot, vector.data());
      const FloatQuery query{
          vector.data(), segment_.shape().metric == Metric::kCosine ? rows.floats.inverse_norms[slot] : 1.0f};
      nearest.Begin(options.k);
      for (uint32_t begin = 0; begin < report_.slot_count; begin += kSlotsPerPoll) {
        const uint32_t end = std::min(begin + kSlotsPerPoll, report_.slot_count);
        segment_.Scan(query, begin, end, visibility_, nearest);
        Advance(end - begin);
      }
      hits.clear();
      const GraphSearchEnd end = segment_.SearchGraph(
          query, options.ef, options.k, std::max(2 * options.k, options.ef / 2), visibility_, context, hits);
      if (end == GraphSearchEnd::kScanCheaper) continue;  // searches do not ask the graph, either
      std::sort(hits.begin(), hits.end());
      if (hits.size() > options.k) hits.resize(options.k);
      const std::vector<Hit>& expected = nearest.Finish();
      const uint32_t farthest =
          expected.back().key;  // as near as the k-th counts, so that ties are no misses
      wanted_count += expected.size();
      found_count += static_cast<uint64_t>(
          std::ranges::count_if(hits, [&](const Hit& hit) { return hit.key <= farthest; }));
      ++report_.probe_count;
      // A copy of the vector is as good.
      report_.lost_count += hits.empty() || hits.front().key > expected.front().key;
    }
    if (wanted_count > 0)
      report_.recall = static_cast<double>(found_count) / static_cast<double>(wanted_count);
  }

  const Segment& segment_;
  const Visibility visibility_;
  const OnVerified& on_verified_;
  double pass_count_ = 1;
  uint64_t passed_count_ = 0;  // slots, over all passes
  SegmentReport report_;
};

}  // namespace

SegmentReport VerifySegment(const Segment& segment, const Bitset* dead, const VerifyOptions& options,
                            const OnVerified& on_verified) {
  return Verifier(segment, dead, on_verified).Run(options);
}

SegmentReport VerifySegmentFile(const RandomAccessFile& file, const std::string& name,
                                const ExpectedFile& expected, const Bitset* dead,
                                const VerifyOptions& options, const OnVerified& on_verified) {
  const auto poll = [&] {
    if (on_verified) on_verified(0);
  };
  return VerifySegment(*ReadSegment(file, name, expected, poll), dead, options, on_verified);
}

}  // namespace segvec
