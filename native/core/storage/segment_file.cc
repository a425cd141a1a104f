#include "storage/segment_file.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/parallel_in_order.h"
#include "distance/instruction_set.h"
#include "distance/kernels.h"
#include "storage/byte_io.h"
#include "storage/graph_check.h"
#include "storage/mapped_blocks.h"
#include "storage/metric_number.h"
#include "storage/section_writer.h"

namespace segvec {
namespace {

// On disk: do not renumber.
constexpr uint32_t kHasGraph = 1, kHasCodes = 2, kIsLossless = 4;
// Codes stand for the vectors: rows are those of the first slots, as many as the section has, and of the misfits.
constexpr uint32_t kKeepsNoVectors = 8;
constexpr size_t kInfoBytes = 64;
constexpr uint32_t kCodeBits = 8;
constexpr int32_t kMostBits = std::bit_cast<int32_t>(kMaxMagnitude);
// Of which the links are checked, or gathered, at a time.
constexpr uint32_t kSlotsPerStep = 1 << 10;

// Where links are: wide ones as they are when a graph grows, narrow ones as in one that is sealed.
struct LinkSections {
  SectionType links, upper_links;
};
constexpr LinkSections kWideLinks{SectionType::kLinks, SectionType::kUpperLinks};
constexpr LinkSections kNarrowLinks{SectionType::kNarrowLinks, SectionType::kNarrowUpperLinks};
const LinkSections& LinkSectionsOf(uint32_t link_bytes) {
  return link_bytes == kWideLinkBytes ? kWideLinks : kNarrowLinks;
}

// The section of fixed size that says what the others hold.
struct SegmentInfo {
  uint32_t dimension = 0;
  uint32_t metric = 0;
  uint32_t M = 0;
  uint32_t slot_count = 0;
  uint32_t number = 0;
  uint32_t flags = 0;
  uint64_t level_seed = 0;
  uint32_t entry_slot = kNil;
  uint32_t entry_level = 0;
  uint32_t upper_row_count = 0;
  uint32_t floats_per_row = 0;
  uint32_t codes_per_row = 0;
  uint32_t bits_per_code = 0;
  uint32_t links_per_row = 0;
  uint32_t links_per_upper_row = 0;
};
static_assert(sizeof(SegmentInfo) == kInfoBytes, "the info section is this struct, byte for byte");

uint32_t LinksPerRow(uint32_t M, uint32_t level, uint32_t link_bytes) {
  return static_cast<uint32_t>(Graph::RowBytes(M, level, link_bytes) / link_bytes);
}

SegmentInfo InfoOf(const Segment& segment, const Graph* graph) {
  const SegmentShape& shape = segment.shape();
  SegmentInfo info;
  info.dimension = static_cast<uint32_t>(shape.dimension);
  info.metric = NumberOf(shape.metric);
  info.M = shape.M;
  info.slot_count = segment.slot_count();
  info.number = segment.number();
  info.level_seed = segment.level_seed();
  info.floats_per_row = static_cast<uint32_t>(PaddedDimension(shape.dimension));
  if (graph != nullptr) {
    info.flags |= kHasGraph;
    info.entry_slot = graph->entry().slot;
    info.entry_level = graph->entry().level;
    info.links_per_row = LinksPerRow(shape.M, 0, graph->link_bytes());
    info.links_per_upper_row = LinksPerRow(shape.M, 1, graph->link_bytes());
  }
  // Codes that nobody walks are not worth their place.
  if (segment.walks_codes() && segment.quantizer() != nullptr) {
    info.flags |= kHasCodes | (segment.is_lossless() ? kIsLossless : 0) | (shape.keeps_vectors ? 0 : kKeepsNoVectors);
    info.codes_per_row = static_cast<uint32_t>(PaddedCodes(shape.dimension));
    info.bits_per_code = kCodeBits;
  }
  return info;
}

}  // namespace

FileStamp WriteSegment(const Segment& segment, const FileIdentity& identity, WritableFile& file,
                       const std::function<void()>& poll) {
  if (!segment.is_sealed())
    throw Error(ErrorCode::kInternal, "a segment that is not sealed cannot be written");
  const std::shared_ptr<const Graph> graph = segment.graph();
  SegmentInfo info = InfoOf(segment, graph.get());
  const size_t slot_count = info.slot_count;
  const SegmentRows rows = segment.rows();
  segment.CheckAll();
  SectionWriter writer(FileKind::kSegment, identity);
  writer.Add(SectionType::kSegmentInfo, &info, 1);
  writer.Add(SectionType::kIds, segment.ids(), slot_count);

  std::vector<float> quantizer;
  if ((info.flags & kHasCodes) != 0) {
    quantizer = segment.quantizer()->offsets();
    quantizer.insert(quantizer.begin(), segment.quantizer()->scale());
    writer.Add(SectionType::kQuantizer, quantizer.data(), quantizer.size());
    writer.Add(SectionType::kCorrections, rows.codes.corrections, slot_count);
  }
  if (segment.shape().metric == Metric::kCosine) {
    writer.Add(SectionType::kInverseNorms, rows.floats.inverse_norms, slot_count);
  }
  std::vector<uint8_t> levels;
  std::vector<uint8_t> upper_links;
  if (graph) {
    for (uint32_t slot = 0; slot < slot_count; ++slot) {
      if (slot % kSlotsPerStep == 0 && poll) poll();
      levels.push_back(static_cast<uint8_t>(graph->LevelOf(slot)));
      for (uint32_t level = 1; level <= levels.back(); ++level) {
        const uint8_t* row = graph->Row(slot, level);
        upper_links.insert(upper_links.end(), row, row + graph->RowBytes(level));
        ++info.upper_row_count;
      }
    }
    writer.Add(SectionType::kLevels, levels.data(), slot_count);
    const LinkSections& sections = LinkSectionsOf(graph->link_bytes());
    writer.Add(sections.upper_links, upper_links.data(), upper_links.size());
    writer.Add(sections.links, graph->Row(0, 0), slot_count * graph->RowBytes(0));
  }
  if ((info.flags & kHasCodes) != 0) {
    writer.Add(SectionType::kCodes, rows.codes.codes, slot_count * info.codes_per_row);
  }
  if ((info.flags & kKeepsNoVectors) != 0) {
    const Segment::Misfits misfits = segment.misfits();
    writer.Add(SectionType::kMisfitSlots, misfits.slots, misfits.count);
    writer.Add(SectionType::kMisfitRows, misfits.rows, size_t{misfits.count} * info.floats_per_row);
  }
  writer.Add(SectionType::kRows, rows.floats.rows, size_t{segment.row_count()} * info.floats_per_row);
  return writer.Write(file, poll);
}

namespace {

// The bytes of a mapped file as a file to read, for SectionReader, which reads nothing beyond the size.
class MappedBytes : public RandomAccessFile {
 public:
  explicit MappedBytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
  uint64_t size() const override { return bytes_.size(); }
  void Read(uint64_t offset, std::span<std::byte> out) const override {
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
  }

 private:
  std::span<const std::byte> bytes_;
};

// Reads one segment file, into memory of its own or, given a mapped file, where it lies.
class SegmentLoader {
 public:
  SegmentLoader(const RandomAccessFile& file, const std::string& name, const ExpectedFile& expected,
                std::shared_ptr<const MappedFile> mapped, const std::function<void()>& poll, int threads)
      : reader_(file, name, FileKind::kSegment, expected,
                {SectionType::kSegmentInfo, SectionType::kIds, SectionType::kRows, SectionType::kInverseNorms,
                 SectionType::kQuantizer, SectionType::kCodes, SectionType::kCorrections,
                 SectionType::kLevels, SectionType::kLinks, SectionType::kUpperLinks, SectionType::kMisfitSlots,
                 SectionType::kMisfitRows, SectionType::kNarrowLinks, SectionType::kNarrowUpperLinks},
                threads),
        name_(name),
        mapped_(std::move(mapped)),
        poll_(poll),
        threads_(threads) {}

  std::shared_ptr<Segment> Load() {
    LoadInfo();
    const uint64_t slot_count = info_.slot_count;
    SegmentParts parts;
    parts.shape = {info_.dimension, metric_,        info_.M,
                   info_.slot_count, Has(kHasCodes), !Has(kKeepsNoVectors)};
    parts.number = info_.number;
    parts.level_seed = info_.level_seed;
    parts.slot_count = info_.slot_count;
    parts.is_lossless = Has(kIsLossless);
    if (mapped_) guard_ = std::make_unique<MappedBlocks>(mapped_, name_, threads_);

    // All sizes first: nothing large is allocated for a file that says what cannot be.
    CheckSizes();
    parts.ids = LoadArray<uint64_t>(SectionType::kIds, slot_count);
    if (metric_ == Metric::kCosine) {
      parts.inverse_norms = LoadArray<float>(SectionType::kInverseNorms, slot_count);
      CheckValues(SectionType::kInverseNorms, parts.inverse_norms.data(), "not a positive number", [](float value) {
        return !(value > 0 && value <= std::numeric_limits<float>::max());
      });
    }
    if (Has(kHasCodes)) LoadCodes(parts);
    if (Has(kHasGraph)) LoadGraph(parts);
    if (Has(kKeepsNoVectors)) {
      LoadKeptRows(parts);
    } else {
      parts.rows = LoadRows(SectionType::kRows, slot_count, ReadGuard::Part::kRows);
    }
    if (guard_ && !guard_->is_done()) parts.guard = std::move(guard_);
    const InstructionSet set = SelectedInstructionSet();
    const SegmentLoops loops{&LoopsFor(metric_, Element::kFloat, set),
                             &LoopsFor(metric_, Element::kCode, set)};
    return std::make_shared<Segment>(std::move(parts), loops);
  }

 private:
  bool Has(uint32_t flag) const { return (info_.flags & flag) != 0; }

  [[noreturn]] void FailInfo(const std::string& what, uint64_t got, const std::string& expected) const {
    reader_.Fail(reader_.Require(SectionType::kSegmentInfo), 0,
                 what + " is " + std::to_string(got) + "; expected " + expected);
  }

  void LoadInfo() {
    const Section& section = reader_.Require(SectionType::kSegmentInfo, sizeof(SegmentInfo));
    reader_.Read(section, std::as_writable_bytes(std::span(&info_, 1)));
    if (info_.dimension == 0 || info_.dimension > kMaxDimension) {
      FailInfo("the dimension", info_.dimension, "1 to " + std::to_string(kMaxDimension));
    }
    const std::optional<Metric> metric = MetricOf(info_.metric);
    if (!metric) FailInfo("the metric", info_.metric, "0, 1 or 2");
    metric_ = *metric;
    if (info_.M < kMinM || info_.M > kMaxM) {
      FailInfo("M", info_.M, std::to_string(kMinM) + " to " + std::to_string(kMaxM));
    }
    if (info_.slot_count > kMaxSlots) FailInfo("the number of slots", info_.slot_count, "at most 2^31");
    if ((info_.flags & ~(kHasGraph | kHasCodes | kIsLossless | kKeepsNoVectors)) != 0)
      FailInfo("flags", info_.flags, "0 to 15");
    if (Has(kKeepsNoVectors) && !Has(kHasCodes))
      FailInfo("flags", info_.flags, "codes, as no vectors are kept");
    if (Has(kHasGraph) && info_.slot_count == 0)
      FailInfo("the number of slots", 0, "more, as there is a graph");
    if (Has(kHasCodes) && info_.bits_per_code != kCodeBits) {
      throw Error(ErrorCode::kUnsupportedFormat, name_ + " has codes of " +
                                                     std::to_string(info_.bits_per_code) +
                                                     " bits; this version of segvec reads codes of 8 bits");
    }
    const auto CheckStride = [this](const char* what, uint32_t got, bool is_there, size_t expected) {
      if (got != (is_there ? expected : 0)) FailInfo(what, got, std::to_string(is_there ? expected : 0));
    };
    CheckStride("floats per row", info_.floats_per_row, true, PaddedDimension(info_.dimension));
    CheckStride("codes per row", info_.codes_per_row, Has(kHasCodes), PaddedCodes(info_.dimension));
    CheckStride("bits per code", info_.bits_per_code, Has(kHasCodes), kCodeBits);
    if (reader_.Find(SectionType::kNarrowLinks) != nullptr) link_bytes_ = NarrowLinkBytes(info_.slot_count);
    CheckStride("links per row", info_.links_per_row, Has(kHasGraph), LinksPerRow(info_.M, 0, link_bytes_));
    CheckStride("links per upper row", info_.links_per_upper_row, Has(kHasGraph),
                LinksPerRow(info_.M, 1, link_bytes_));
    if (!Has(kHasGraph) && info_.upper_row_count != 0)
      FailInfo("the number of upper rows", info_.upper_row_count, "0");
    const bool can_be_lossless = Has(kHasCodes) && metric_ != Metric::kCosine;
    if (Has(kIsLossless) && !can_be_lossless)
      FailInfo("flags", info_.flags, "no lossless codes under cosine");
  }

  // At most 2^31 slots of 4096 * 4 bytes: no product overflows.
  void CheckSizes() const {
    const uint64_t slot_count = info_.slot_count;
    reader_.Require(SectionType::kIds, slot_count * sizeof(uint64_t));
    if (Has(kKeepsNoVectors)) {
      CountRows(SectionType::kRows);
      reader_.Require(SectionType::kMisfitSlots, uint64_t{CountRows(SectionType::kMisfitRows)} * sizeof(uint32_t));
    } else {
      reader_.Require(SectionType::kRows, slot_count * info_.floats_per_row * sizeof(float));
    }
    if (metric_ == Metric::kCosine) reader_.Require(SectionType::kInverseNorms, slot_count * sizeof(float));
    if (Has(kHasCodes)) {
      reader_.Require(SectionType::kQuantizer, (uint64_t{info_.dimension} + 1) * sizeof(float));
      reader_.Require(SectionType::kCodes, slot_count * info_.codes_per_row);
      reader_.Require(SectionType::kCorrections, slot_count * sizeof(int32_t));
    }
    const auto Exclude = [this](bool is_used, std::initializer_list<SectionType> types) {
      for (const SectionType type : types) {
        const Section* section = is_used ? nullptr : reader_.Find(type);
        if (section != nullptr) reader_.Fail(*section, 0, "not expected in this segment");
      }
    };
    Exclude(metric_ == Metric::kCosine, {SectionType::kInverseNorms});
    Exclude(Has(kKeepsNoVectors), {SectionType::kMisfitSlots, SectionType::kMisfitRows});
    Exclude(Has(kHasCodes), {SectionType::kQuantizer, SectionType::kCodes, SectionType::kCorrections});
    Exclude(Has(kHasGraph), {SectionType::kLevels});
    const bool is_wide = link_bytes_ == kWideLinkBytes;
    Exclude(Has(kHasGraph) && is_wide, {kWideLinks.links, kWideLinks.upper_links});
    Exclude(Has(kHasGraph) && !is_wide, {kNarrowLinks.links, kNarrowLinks.upper_links});
    if (Has(kHasGraph)) {
      const LinkSections& sections = LinkSectionsOf(link_bytes_);
      reader_.Require(SectionType::kLevels, slot_count);
      reader_.Require(sections.links, LinkBytes());
      reader_.Require(sections.upper_links, UpperLinkBytes());
    }
  }

  // A whole section. What is mapped and has a `part` is left to the guard, if it is large.
  // `check(first, values)` sees all values otherwise, while they are in the cache.
  template <class T>
  using Check = std::function<void(uint64_t, std::span<const T>)>;
  template <class T>
  GrowableArray<T> LoadArray(SectionType type, uint64_t count, std::optional<ReadGuard::Part> part = {},
                             const Check<T>& check = {}) {
    const Section& section = reader_.Require(type, count * sizeof(T));
    if (mapped_ && section.is_in_blocks && part) {
      guard_->Add(*part, section, section.size / info_.slot_count, reader_);
      return Borrow<T>(section);
    }
    const auto on_block = [&](uint64_t begin, std::span<const std::byte> block) {
      if (poll_) poll_();
      if (check)
        check(begin / sizeof(T), {reinterpret_cast<const T*>(block.data()), block.size() / sizeof(T)});
    };
    if (mapped_) {
      reader_.Check(section, mapped_->bytes().subspan(section.offset, section.size), on_block);
      return Borrow<T>(section);
    }
    GrowableArray<T> array(count, GrowableMemory::Use::kFillsAtOnce);
    array.Commit(count);
    reader_.Read(section, std::as_writable_bytes(std::span(array.data(), count)), on_block);
    return array;
  }
  template <class T>
  GrowableArray<T> Borrow(const Section& section) const {
    return GrowableArray<T>(reinterpret_cast<const T*>(mapped_->bytes().data() + section.offset), mapped_);
  }

  // One value for each slot.
  template <class T, class IsWrong>
  void CheckValues(SectionType type, const T* values, const char* what, const IsWrong& is_wrong) const {
    // Whether any is wrong can be seen in many at once.
    uint32_t any = 0;
    for (uint32_t slot = 0; slot < info_.slot_count; ++slot) any |= is_wrong(values[slot]) ? 1 : 0;
    if (any == 0) return;
    const auto slot = std::find_if(values, values + info_.slot_count, is_wrong) - values;
    reader_.Fail(reader_.Require(type), static_cast<uint64_t>(slot) * sizeof(T),
                 "slot " + std::to_string(slot) + ": " + what);
  }

  // The rows that a section of floats has, where that is not one for each slot.
  uint32_t CountRows(SectionType type) const {
    const Section& section = reader_.Require(type);
    const uint64_t row_bytes = info_.floats_per_row * sizeof(float);
    if (section.size % row_bytes != 0 || section.size / row_bytes > info_.slot_count) {
      reader_.Fail(section, 0, "its size is " + std::to_string(section.size) + "; expected a multiple of " +
                                   std::to_string(row_bytes) + " for at most " + std::to_string(info_.slot_count) +
                                   " rows");
    }
    return static_cast<uint32_t>(section.size / row_bytes);
  }

  GrowableArray<float> LoadRows(SectionType type, uint64_t row_count, std::optional<ReadGuard::Part> part = {}) {
    return LoadArray<float>(type, row_count * info_.floats_per_row, part,
                            [this, type](uint64_t first, std::span<const float> values) {
                              CheckRows(type, first, values);
                            });
  }

  void LoadKeptRows(SegmentParts& parts) {
    parts.row_count = CountRows(SectionType::kRows);
    parts.rows = LoadRows(SectionType::kRows, parts.row_count);
    parts.misfit_count = CountRows(SectionType::kMisfitRows);
    parts.misfit_rows = LoadRows(SectionType::kMisfitRows, parts.misfit_count);
    parts.misfit_slots = LoadArray<uint32_t>(SectionType::kMisfitSlots, parts.misfit_count);
    for (uint32_t i = 0; i < parts.misfit_count; ++i) {
      const uint32_t slot = parts.misfit_slots[i];
      if (slot < info_.slot_count && (i == 0 || parts.misfit_slots[i - 1] < slot)) continue;
      reader_.Fail(reader_.Require(SectionType::kMisfitSlots), i * sizeof(uint32_t),
                   "slot " + std::to_string(slot) + " is not in ascending order below " +
                       std::to_string(info_.slot_count));
    }
  }

  void CheckRows(SectionType type, uint64_t first, std::span<const float> values) const {
    // Magnitudes are in the order of their bits, and what is not a number lies beyond them all. Below zero is where a
    // difference of such bits shows in its sign, which compilers can look for in many values at once.
    int32_t signs = 0;
    for (const float value : values) signs |= kMostBits - (std::bit_cast<int32_t>(value) & 0x7FFFFFFF);
    uint32_t padding = 0;
    const size_t row_size = info_.floats_per_row, padding_size = row_size - info_.dimension;
    // Blocks need not begin with a row, but like rows they begin at a multiple of 16 floats, and the padding is shorter.
    for (size_t row_end = row_size - first % row_size; padding_size > 0; row_end += row_size) {
      const size_t begin = row_end - padding_size;
      if (begin >= values.size()) break;
      for (const float value : values.subspan(begin, std::min(row_end, values.size()) - begin)) {
        padding |= std::bit_cast<uint32_t>(value);
      }
    }
    if (signs >= 0 && padding == 0) return;
    reader_.Fail(reader_.Require(type), first * sizeof(float),
                 "from slot " + std::to_string(first / info_.floats_per_row) +
                     " on: a value that is not finite, beyond 1e17, or not zero behind the end of a row");
  }

  void LoadCodes(SegmentParts& parts) {
    std::vector<float> quantizer(info_.dimension + 1);
    const Section& section = reader_.Require(SectionType::kQuantizer);
    reader_.Read(section, std::as_writable_bytes(std::span(quantizer)));
    for (size_t i = 0; i < quantizer.size(); ++i) {
      if (std::isfinite(quantizer[i]) && (i > 0 || quantizer[i] > 0)) continue;
      reader_.Fail(section, i * sizeof(float),
                   i == 0 ? "the scale is not positive" : "an offset is not finite");
    }
    // Kernels reckon with these offsets.
    const auto IsSigned = [](float offset) { return offset == -128; };
    if (metric_ == Metric::kIp && !std::all_of(quantizer.begin() + 1, quantizer.end(), IsSigned))
      reader_.Fail(section, sizeof(float), "offsets under ip other than -128");
    if (Has(kIsLossless) && quantizer[0] != 1)
      reader_.Fail(section, 0, "lossless codes, but the scale is not 1");
    parts.quantizer.emplace(metric_, info_.dimension, quantizer[0],
                            std::vector<float>(quantizer.begin() + 1, quantizer.end()));
    parts.corrections = LoadArray<int32_t>(SectionType::kCorrections, info_.slot_count);
    // sum b^2 - 256 sum b: the smallest is that of codes of 128.
    const int32_t smallest = metric_ == Metric::kIp ? 0 : -16384 * static_cast<int32_t>(info_.dimension);
    CheckValues(SectionType::kCorrections, parts.corrections.data(), "no row of codes has this correction",
                [smallest](int32_t correction) { return correction < smallest || correction > 0; });
    parts.codes = LoadArray<uint8_t>(SectionType::kCodes, uint64_t{info_.slot_count} * info_.codes_per_row,
                                     ReadGuard::Part::kCodes);
  }

  uint64_t LinkBytes() const { return uint64_t{info_.slot_count} * info_.links_per_row * link_bytes_; }
  uint64_t UpperLinkBytes() const {
    return uint64_t{info_.upper_row_count} * info_.links_per_upper_row * link_bytes_;
  }

  void LoadGraph(SegmentParts& parts) {
    const LinkSections& sections = LinkSectionsOf(link_bytes_);
    Graph::Parts graph;
    graph.link_bytes = link_bytes_;
    graph.entry = {info_.entry_slot, info_.entry_level};
    graph.levels = LoadArray<uint8_t>(SectionType::kLevels, info_.slot_count);
    graph.upper_links = LoadArray<uint8_t>(sections.upper_links, UpperLinkBytes());
    graph.links = LoadArray<uint8_t>(sections.links, LinkBytes(), ReadGuard::Part::kLinks);
    const GraphData data{info_.slot_count,      info_.M,     link_bytes_,
                         info_.upper_row_count, graph.entry, graph.levels.data(),
                         graph.links.data(),    graph.upper_links.data()};
    const auto Fail = [this](const std::optional<GraphDamage>& damage, SectionType type) {
      if (damage) reader_.Fail(reader_.Require(type), damage->position, damage->what);
    };
    Fail(FindDamageInLevels(data), SectionType::kLevels);
    Fail(FindDamageInUpperLinks(data), sections.upper_links);
    // Of links that are left to the guard, those that lead nowhere are not followed.
    const bool is_guarded = guard_ && reader_.Require(sections.links).is_in_blocks;
    if (!is_guarded) {
      ParallelInOrder((info_.slot_count + kSlotsPerStep - 1) / kSlotsPerStep, threads_, [&](size_t step) {
        const auto begin = static_cast<uint32_t>(step * kSlotsPerStep);
        if (poll_) poll_();
        Fail(FindDamageInLinks(data, begin, begin + std::min(kSlotsPerStep, info_.slot_count - begin)),
             sections.links);
      });
    }
    parts.graph = std::make_shared<Graph>(info_.slot_count, info_.M, std::move(graph));
  }

  const SectionReader reader_;
  const std::string name_;
  const std::shared_ptr<const MappedFile> mapped_;
  const std::function<void()>& poll_;
  const int threads_;
  SegmentInfo info_;
  uint32_t link_bytes_ = kWideLinkBytes;
  Metric metric_ = Metric::kL2;
  std::unique_ptr<MappedBlocks> guard_;
};

}  // namespace

std::shared_ptr<Segment> ReadSegment(const RandomAccessFile& file, const std::string& name,
                                     const ExpectedFile& expected, const std::function<void()>& poll,
                                     int threads) {
  return SegmentLoader(file, name, expected, nullptr, poll, threads).Load();
}

std::shared_ptr<Segment> MapSegment(std::shared_ptr<const MappedFile> file, const std::string& name,
                                    const ExpectedFile& expected, int threads) {
  const MappedBytes bytes(file->bytes());
  // Kernels want rows at whole cache lines. What an operating system maps is; what a test calls mapped may
  // not be.
  if (reinterpret_cast<uintptr_t>(file->bytes().data()) % 64 != 0) return ReadSegment(bytes, name, expected);
  return SegmentLoader(bytes, name, expected, std::move(file), {}, threads).Load();
}

}  // namespace segvec
