// Commits and is killed, over and over (goal G1): after every death the directory holds the last acknowledged
// state or the one that was being committed, verifies, and goes on. In half of the directories changes are logged, and
// each of them, not only commits, is acknowledged.
//
//   kill_cycles <folder> <cycles> <seed>
//
// Half of the processes die at a random time, half at a call of the Env, in turn. Prints one line of JSON;
// exits with 1 when a cycle found anything else.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "index/verify_directory.h"
#include "prove/kill_env.h"
#include "storage/checksum.h"
#include "support/directory_of.h"
#include "support/logged_index.h"

using namespace segvec;           // NOLINT: a program of its own
using namespace segvec::testing;  // NOLINT

namespace {

constexpr size_t kDimension = 8;
constexpr int kCyclesPerDirectory = 50;
constexpr int kCyclesPerVerification = 10;
constexpr uint64_t kMostCalls = 150;            // of an open and some commits
constexpr uint64_t kMostMicroseconds = 40'000;  // likewise

// What an index holds, however it is divided: a commit leaves out segments of which nothing lives.
struct State {
  uint64_t content = 0;  // a sum over its ids and vectors
  uint64_t vector_count = 0;
  friend bool operator==(const State&, const State&) = default;
};

// What a worker says before and after each commit, or each change where these are logged.
struct Line {
  uint32_t is_acknowledged;
  uint32_t padding;
  State state;
};

struct Scene {
  std::string path;
  IndexOptions options;
  bool logs_changes = false;
};

Scene SceneOf(const std::string& folder, uint64_t number, uint64_t seed) {
  Random random(seed * 1'000'003 + number);
  Scene scene{folder + "/index-" + std::to_string(number),
              OptionsFor(kDimension, static_cast<Metric>(random.Below(3)))};
  scene.options.M = 6;
  scene.options.ef_construction = 30;
  scene.options.id_type = random.Below(2) == 0 ? IdType::kNumber : IdType::kString;
  scene.options.segment_capacity = random.Below(2) == 0 ? 1u << 20 : 200;
  scene.logs_changes = number % 2 == 1;
  return scene;
}

// What one row is in the sum.
uint64_t ContentOf(const std::string& id, std::span<const float> vector) {
  const uint64_t sums[] = {Checksum(std::as_bytes(std::span(id))), Checksum(std::as_bytes(vector))};
  return Checksum(std::as_bytes(std::span(sums)));
}

State StateOf(const Index& index) {
  State state;
  const bool has_texts = index.options().id_type == IdType::kString;
  std::vector<float> vector(kDimension);
  const auto snapshot = index.snapshot();
  for (const SegmentView& view : snapshot->views) {
    for (uint32_t slot = 0; slot < view.slot_count; ++slot) {
      if (!view.visibility().Contains(slot)) continue;
      const uint64_t id = view.segment->id(slot);
      view.segment->CopyVector(slot, vector.data());
      const std::string text = has_texts ? std::string(index.string_ids().Text(id)) : std::to_string(id);
      state.content += ContentOf(text, vector);
      ++state.vector_count;
    }
  }
  return state;
}

void Say(int out, bool is_acknowledged, const State& state) {
  const Line line{is_acknowledged, 0, state};
  if (write(out, &line, sizeof(line)) != sizeof(line)) _exit(3);
}

// Adds, removes and commits until it dies.
[[noreturn]] void Work(const Scene& scene, Env& env, int out, uint64_t seed) {
  Random random(seed);
  OpenIndex open = Open(env, scene.path, GivenOptions::Of(scene.options));
  const auto say = [&](bool is_acknowledged) { Say(out, is_acknowledged, StateOf(*open.index)); };
  for (;;) {
    // Now and then as many as make a graph.
    const size_t count =
        random.Below(12) == 0 && open.index->vector_count() < 3000 ? 1100 : 1 + random.Below(40);
    Add(*open.index, RandomVectors(count, kDimension, random.Next()));
    const auto snapshot = open.index->snapshot();
    Stage doomed(kDimension, 0);
    for (int i = 0; i < 3; ++i) {
      const SegmentView& view = snapshot->views[random.Below(snapshot->views.size())];
      const auto slot = static_cast<uint32_t>(random.Below(view.slot_count));
      if (!view.visibility().Contains(slot)) continue;
      const uint64_t id = view.segment->id(slot);
      if (scene.options.id_type == IdType::kString) {
        doomed.string_ids.push_back(std::string(open.index->string_ids().Text(id)));
      } else {
        doomed.ids.push_back(id);
      }
    }
    open.index->Remove(doomed, CancelToken());
    if (random.Below(8) == 0) Compact(*open.index);
    say(false);
    Commit(open);
    say(true);
  }
}

// Makes changes that are logged until it dies. Commits and compactions in between change nothing that is there.
[[noreturn]] void WorkWithLog(const Scene& scene, Env& env, int out, uint64_t seed) {
  Random random(seed);
  const LoggedIndex index(env, scene.path, GivenOptions::Of(scene.options));
  const bool has_texts = scene.options.id_type == IdType::kString;
  State state = StateOf(*index);
  // Rows as the index was when they were looked for; ids are made up here, so that it is known beforehand what comes of a change.
  struct Rows {
    Ids ids;
    Texts texts;  // what the ids are called, also where they are numbers
    Vectors vectors{kDimension, {}};
  };
  const auto some_of_it = [&] {
    Rows rows;
    const auto snapshot = index->snapshot();
    for (int i = 0; i < 3 && !snapshot->views.empty(); ++i) {
      const SegmentView& view = snapshot->views[random.Below(snapshot->views.size())];
      const auto slot = static_cast<uint32_t>(random.Below(view.slot_count));
      const uint64_t id = view.segment->id(slot);
      if (!view.visibility().Contains(slot) || std::ranges::find(rows.ids, id) != rows.ids.end()) continue;
      rows.ids.push_back(id);
      rows.texts.push_back(has_texts ? std::string(index->string_ids().Text(id)) : std::to_string(id));
      rows.vectors.values.resize(rows.ids.size() * kDimension);
      view.segment->CopyVector(slot, rows.vectors.row(rows.ids.size() - 1));
    }
    return rows;
  };
  const auto content_of = [](const Rows& rows) {
    uint64_t sum = 0;
    for (size_t i = 0; i < rows.ids.size(); ++i) sum += ContentOf(rows.texts[i], {rows.vectors.row(i), kDimension});
    return sum;
  };
  const auto change = [&](LogRecordType type, const Rows& rows, const State& next) {
    Say(out, false, next);
    const Vectors none{kDimension, {}};
    const Vectors& vectors = type == LogRecordType::kRemove ? none : rows.vectors;
    index.Do(type, has_texts ? LoggedIndex::WithIds(vectors, rows.texts) : LoggedIndex::WithIds(vectors, rows.ids));
    if (StateOf(*index) != next) _exit(5);
    Say(out, true, next);
    state = next;
  };
  for (;;) {
    // Now and then as many as make a graph.
    const size_t count = random.Below(12) == 0 && index->vector_count() < 3000 ? 1100 : 1 + random.Below(40);
    Rows added;
    added.vectors = RandomVectors(count, kDimension, random.Next());
    for (size_t i = 0; i < count; ++i) {
      added.ids.push_back(random.Next() >> 16);  // none is drawn twice
      added.texts.push_back(std::to_string(added.ids.back()));
    }
    change(LogRecordType::kAdd, added, {state.content + content_of(added), state.vector_count + count});

    Rows replaced = some_of_it();
    if (!replaced.ids.empty()) {
      const uint64_t before = content_of(replaced);
      replaced.vectors = RandomVectors(replaced.ids.size(), kDimension, random.Next());
      change(LogRecordType::kUpsert, replaced, {state.content - before + content_of(replaced), state.vector_count});
    }
    const Rows removed = some_of_it();
    if (!removed.ids.empty()) {
      change(LogRecordType::kRemove, removed,
             {state.content - content_of(removed), state.vector_count - removed.ids.size()});
    }
    if (random.Below(8) == 0) Compact(*index);
    if (random.Below(4) == 0) index.Commit();
  }
}

// Whether the directory is as one of the states; exits with what it found.
[[noreturn]] void Check(const Scene& scene, const std::vector<State>& allowed, bool verifies) {
  const auto fail = [&](const std::string& what) {
    std::fprintf(stderr, "%s: %s\n", scene.path.c_str(), what.c_str());
    _exit(1);
  };
  try {
    // As the next writer would; with nothing acknowledged there may be no index yet.
    const OpenIndex open = Open(Env::Real(), scene.path, GivenOptions::Of(scene.options));
    const State state = StateOf(*open.index);
    const auto found = std::find(allowed.begin(), allowed.end(), state);
    if (found == allowed.end()) {
      std::string expected;
      for (const State& candidate : allowed) expected += " " + std::to_string(candidate.vector_count);
      fail("a state that was never committed: " + std::to_string(state.vector_count) + " vectors; expected" +
           expected);
    }
    if (open.index->vector_count() > 0) {
      const auto snapshot = open.index->snapshot();
      const SegmentView& view = snapshot->views.back();
      std::vector<float> vector(kDimension);
      for (uint32_t slot = 0; slot < view.slot_count; slot += 1 + view.slot_count / 7) {
        if (!view.visibility().Contains(slot)) continue;
        view.segment->CopyVector(slot, vector.data());
        // Under ip a vector need not be its own nearest.
        const size_t k = scene.options.metric == Metric::kIp ? open.index->vector_count() : 50;
        if (!HasId(ExactSearch(*open.index, vector.data(), k), view.segment->id(slot)))
          fail("a vector is not found");
      }
    }
    if (verifies) {
      VerifyProgress progress;
      const DirectoryReport report = VerifyDirectory(
          Env::Real(), scene.path, {}, 1, progress, [] {}, CancelToken());
      if (!report.is_sound()) fail("the verification finds damage");
    }
    _exit(found == allowed.begin() ? 10 : 11);
  } catch (const Error& error) {
    fail(error.what());
  }
  _exit(1);
}

int WaitFor(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: kill_cycles <folder> <cycles> <seed>\n");
    return 2;
  }
  const std::string folder = argv[1];
  const int cycle_count = std::atoi(argv[2]);
  const uint64_t seed = std::strtoull(argv[3], nullptr, 10);
  Random random(seed);
  uint64_t killed_count = 0, commit_count = 0, change_count = 0, newer_commit_count = 0, newer_change_count = 0;
  uint64_t verified_count = 0, failed_count = 0;
  State last;  // acknowledged in the directory at hand
  for (int cycle = 0; cycle < cycle_count; ++cycle) {
    const Scene scene = SceneOf(folder, static_cast<uint64_t>(cycle / kCyclesPerDirectory), seed);
    if (cycle % kCyclesPerDirectory == 0) {
      std::filesystem::remove_all(scene.path);  // what an earlier run left for a look at it
      last = {};
    }
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return 2;
    const bool dies_at_call = cycle % 2 == 0;
    const auto moment = static_cast<KillEnv::Moment>(random.Below(3));
    const uint64_t call = dies_at_call ? static_cast<uint64_t>(cycle / 2) % kMostCalls : ~uint64_t{0};
    const uint64_t work_seed = random.Next();
    const uint64_t delay = random.Below(kMostMicroseconds);
    const pid_t worker = fork();
    if (worker == 0) {
      close(ends[0]);
      KillEnv env(Env::Real(), call, moment);
      try {
        scene.logs_changes ? WorkWithLog(scene, env, ends[1], work_seed) : Work(scene, env, ends[1], work_seed);
      } catch (const Error& error) {
        std::fprintf(stderr, "%s: %s\n", scene.path.c_str(), error.what());
      }
      _exit(4);
    }
    close(ends[1]);
    if (!dies_at_call) {
      usleep(static_cast<useconds_t>(delay));
      kill(worker, SIGKILL);
    }
    const int status = WaitFor(worker);
    const bool was_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    killed_count += was_killed;
    failed_count += !was_killed;
    std::vector<State> allowed{last};
    for (Line line; read(ends[0], &line, sizeof(line)) == sizeof(line);) {
      if (line.is_acknowledged) {
        allowed = {line.state};
        ++(scene.logs_changes ? change_count : commit_count);
      } else {
        allowed.push_back(line.state);
      }
    }
    close(ends[0]);
    const bool verifies = cycle % kCyclesPerVerification == 0;
    const pid_t checker = fork();
    if (checker == 0) Check(scene, allowed, verifies);
    const int checked = WaitFor(checker);
    const int code = WIFEXITED(checked) ? WEXITSTATUS(checked) : -1;
    if (code != 10 && code != 11) {
      ++failed_count;
      std::fprintf(stderr, "cycle %d failed; its directory is kept\n", cycle);
      // What is there now is not known; the next directory is.
      cycle += kCyclesPerDirectory - 1 - cycle % kCyclesPerDirectory;
    } else {
      (scene.logs_changes ? newer_change_count : newer_commit_count) += code == 11;
      last = code == 11 ? allowed.back() : allowed.front();
      verified_count += verifies;
    }
    const bool is_last_here =
        cycle % kCyclesPerDirectory == kCyclesPerDirectory - 1 || cycle == cycle_count - 1;
    if (is_last_here && failed_count == 0) std::filesystem::remove_all(scene.path);
  }
  const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
  std::printf(
      "{\"cycles\": %d, \"killed\": %llu, \"acknowledgedCommits\": %llu, \"foundTheCommitUnderWay\": %llu, "
      "\"acknowledgedLoggedChanges\": %llu, \"foundTheChangeUnderWay\": %llu, \"verifications\": %llu, "
      "\"failures\": %llu}\n",
      cycle_count, number(killed_count), number(commit_count), number(newer_commit_count), number(change_count),
      number(newer_change_count), number(verified_count), number(failed_count));
  return failed_count == 0 ? 0 : 1;
}
