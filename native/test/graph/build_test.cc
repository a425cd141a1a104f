// What must hold of a graph after it was built, on friendly and on unfriendly data.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "graph/loops.h"
#include "reference/brute_force.h"
#include "support/graph_check.h"
#include "support/graph_of.h"
#include "support/names.h"
#include "support/sanitizers.h"
#include "support/vectors.h"

namespace segvec {
namespace {

using namespace testing;  // NOLINT: everything here is about test data

struct Data {
  std::string name;
  Vectors vectors;
};

// More vectors of a kind than a construction search keeps, so that rows overflow and beams fill up.
std::vector<Data> AllData() {
  const size_t count = Sized(1500, 400, 200);
  return {{"random", RandomVectors(count, 16, 1)},
          {"clustered", ClusteredVectors(count, 16, 40, 2)},
          {"sorted clusters", SortedClusters(count, 16, 40, 3)},
          {"equal", EqualVectors(Sized(3000, 500, 200), 8)},
          {"copies", CopiedVectors(Sized(50, 20), Sized(80, 20, 10), 16, 4)},
          {"line", LineVectors(count, 5)},
          {"whole numbers", WholeVectors(count, 4, 3, 6)}};
}

GraphParameters ParametersOf(Metric metric, Element element, uint32_t M) {
  GraphParameters parameters;
  parameters.metric = metric;
  parameters.element = element;
  parameters.M = M;
  parameters.ef_construction = 60;
  parameters.set = SelectedInstructionSet();
  parameters.batch = 16;
  return parameters;
}

// The share of true neighbors among the 10 nearest that a search returns, or among the 30 nearest by codes; as near as
// the 10th counts as true, so that ties are no misses. Queries lie near stored vectors.
double MeanRecall(const BuiltGraph& built, uint32_t ef) {
  constexpr size_t kQueries = 40, kNeighbors = 10;
  const Metric metric = built.parameters.metric;
  SearchContext context;
  Dice dice(7);
  size_t found_count = 0;
  for (size_t q = 0; q < kQueries; ++q) {
    Vectors query = built.vectors.Slice(q * built.count() / kQueries, q * built.count() / kQueries + 1);
    for (float& value : query.values) value += static_cast<float>(dice.Normal() / 10);
    const PaddedRows::Query padded(built.padded, query.row(0));
    built.loops().search(built.rows(), built.graph, padded.query, built.count(), ef, {built.count(), nullptr}, context);
    const auto farthest = reference::Nearest(metric, built.vectors, {}, query.row(0), kNeighbors).back();
    const double limit = farthest.distance + reference::Tolerance(metric, query.row(0),
                                                                  built.vectors.row(farthest.id), query.dimension);
    const size_t reranked = built.parameters.element == Element::kCode ? 3 * kNeighbors : kNeighbors;
    size_t hit_count = 0;
    for (size_t rank = 0; rank < std::min(reranked, context.pool.size()); ++rank) {
      const float* found = built.vectors.row(CandidatePool::SlotOf(context.pool[rank]));
      hit_count += reference::Distance(metric, query.row(0), found, query.dimension) <= limit;
    }
    found_count += std::min(hit_count, kNeighbors);
  }
  return static_cast<double>(found_count) / (kQueries * kNeighbors);
}

double ReachableShare(const BuiltGraph& built) {
  return static_cast<double>(ReachableCount(built.graph, built.count())) / static_cast<double>(built.count());
}

// Under inner product nothing is near to itself: short vectors are nobody's neighbors and may be out of reach.
// On a line through the origin the cosine of all vectors is 1, give or take the rounding: they are copies, nearly.
bool ShouldReachAll(const Data& data, Metric metric) {
  return metric != Metric::kIp && data.name != "equal" && !(data.name == "line" && metric == Metric::kCosine);
}

// Searches for every slot and attaches what is not found, as a segment does for those that few links lead to. Returns
// how many were lost.
size_t AttachLost(BuiltGraph& built) {
  constexpr uint32_t kBeam = 16;
  size_t lost_count = 0;
  for (uint32_t slot = 0; slot < built.count(); ++slot) {
    if (built.loops().finds(built.rows(), built.graph, slot, built.count(), kBeam, built.contexts[0])) continue;
    ++lost_count;
    built.loops().attach(built.rows(), built.graph, slot, built.count(), kBeam, built.contexts[0]);
  }
  return lost_count;
}

TEST_CASE("Build: rows, levels, keys and counts are sound whatever the data, metric and M") {
  for (const Data& data : AllData()) {
    for (const Metric metric : kMetrics) {
      for (const Element element : kElements) {
        for (const uint32_t M : {2u, 4u, 16u, 64u}) {
          if (kIsThreadSanitized && M != 16) continue;
          CAPTURE(data.name);
          CAPTURE(Name(metric));
          CAPTURE(Name(element));
          CAPTURE(M);
          const auto built = BuildGraph(data.vectors, ParametersOf(metric, element, M));
          CHECK(Violation(*built) == "");
          if (M < 16) continue;
          // Under inner product all of a line have but one neighbor, the largest.
          if (data.name != "line" || metric != Metric::kIp) CHECK(MeanRecall(*built, 200) >= 0.99);
          if (!ShouldReachAll(data, metric)) continue;
          CHECK(ReachableShare(*built) >= 0.999);
          AttachLost(*built);
          CHECK(ReachableShare(*built) == 1);
        }
      }
    }
  }
}

// Such small rows cannot keep everything in reach, but most of it.
TEST_CASE("Build: with M = 4 nearly all can be reached and found") {
  for (const Data& data : AllData()) {
    for (const Metric metric : {Metric::kL2, Metric::kCosine}) {
      if (!ShouldReachAll(data, metric) || data.name == "copies") continue;
      CAPTURE(data.name);
      CAPTURE(Name(metric));
      GraphParameters parameters = ParametersOf(metric, Element::kFloat, 4);
      parameters.ef_construction = 100;
      const auto built = BuildGraph(data.vectors, parameters);
      AttachLost(*built);
      CHECK(ReachableShare(*built) >= 0.99);
      CHECK(MeanRecall(*built, 200) >= 0.97);
    }
  }
}

TEST_CASE("Build: every instruction set builds a sound graph") {
  for (const InstructionSet set : AvailableInstructionSets()) {
    for (const Metric metric : kMetrics) {
      for (const Element element : kElements) {
        CAPTURE(Name(set));
        CAPTURE(Name(metric));
        CAPTURE(Name(element));
        GraphParameters parameters = ParametersOf(metric, element, 8);
        parameters.set = set;
        const auto built = BuildGraph(ClusteredVectors(Sized(1200, 400, 200), 33, 20, 8), parameters);
        CHECK(Violation(*built) == "");
        CHECK(MeanRecall(*built, 200) >= 0.97);
      }
    }
  }
}

uint64_t FingerprintOf(const Vectors& vectors, const GraphParameters& parameters) {
  return BuildGraph(vectors, parameters)->graph.Fingerprint(static_cast<uint32_t>(vectors.count()));
}

TEST_CASE("Build: the sets that fuse multiply and add build the same graph; on codes and whole numbers all sets do") {
  const Vectors random = RandomVectors(Sized(1000, 300, 150), 50, 9);
  const Vectors whole = WholeVectors(Sized(1000, 300, 150), 50, 8, 10);
  for (const Metric metric : kMetrics) {
    GraphParameters floats = ParametersOf(metric, Element::kFloat, 16);
    GraphParameters codes = ParametersOf(metric, Element::kCode, 16);
    floats.set = codes.set = AvailableInstructionSets().front();
    const uint64_t of_floats = FingerprintOf(random, floats), of_codes = FingerprintOf(random, codes);
    const uint64_t of_whole = FingerprintOf(whole, floats);
    for (const InstructionSet set : AvailableInstructionSets()) {
      CAPTURE(Name(set));
      CAPTURE(Name(metric));
      floats.set = codes.set = set;
      if (set != InstructionSet::kScalar) CHECK(FingerprintOf(random, floats) == of_floats);
      CHECK(FingerprintOf(random, codes) == of_codes);
      if (metric != Metric::kCosine) CHECK(FingerprintOf(whole, floats) == of_whole);
    }
  }
}

TEST_CASE("Build: the number of workers does not show") {
  const Vectors vectors = ClusteredVectors(Sized(1500, 600, 300), 12, 20, 11);
  for (const Metric metric : kMetrics) {
    for (const uint32_t batch : {1u, 8u, 1000u}) {
      CAPTURE(Name(metric));
      CAPTURE(batch);
      GraphParameters parameters = ParametersOf(metric, Element::kCode, 8);
      parameters.batch = batch;
      const uint64_t expected = FingerprintOf(vectors, parameters);
      for (const uint32_t workers : {2u, 3u, 7u}) {
        parameters.worker_count = workers;
        CHECK(FingerprintOf(vectors, parameters) == expected);
      }
      CHECK(Violation(*BuildGraph(vectors, parameters)) == "");
    }
  }
}

TEST_CASE("Build: one, two and three vectors") {
  for (const size_t count : {1, 2, 3}) {
    for (const Metric metric : kMetrics) {
      for (const Element element : kElements) {
        const auto built = BuildGraph(RandomVectors(count, 5, 1), ParametersOf(metric, element, 2));
        CHECK(Violation(*built) == "");
        if (metric != Metric::kIp) CHECK(ReachableShare(*built) == 1);
      }
    }
  }
}

TEST_CASE("Attach: leaves a sound graph in which what was lost is found") {
  for (const Data& data : AllData()) {
    for (const Metric metric : kMetrics) {
      for (const Element element : kElements) {
        for (const uint32_t M : {3u, 8u}) {
          if (kIsThreadSanitized && M != 8) continue;
          CAPTURE(data.name);
          CAPTURE(Name(metric));
          CAPTURE(Name(element));
          CAPTURE(M);
          const auto built = BuildGraph(data.vectors, ParametersOf(metric, element, M));
          AttachLost(*built);
          CHECK(Violation(*built) == "");
          if (metric == Metric::kIp) continue;
          // To attach one can cost another its last link, but rarely.
          size_t lost_count = 0;
          for (int round = 0; round < 3; ++round) lost_count = AttachLost(*built);
          CHECK(Violation(*built) == "");
          CHECK(lost_count * 1000 <= built->count());
        }
      }
    }
  }
}

}  // namespace
}  // namespace segvec
