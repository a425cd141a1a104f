// The loops on floats of one instruction set. Included inside its namespace, after loops_body.inl.

template <Metric kMetric>
inline constexpr Loops kLoopsOnFloats = LoopsOn<FloatSpace<kMetric>>(Scan<kMetric>, Rerank<kMetric>);

const Loops& FloatLoopsOf(Metric metric) {
  switch (metric) {
    case Metric::kL2: return kLoopsOnFloats<Metric::kL2>;
    case Metric::kCosine: return kLoopsOnFloats<Metric::kCosine>;
    case Metric::kIp: return kLoopsOnFloats<Metric::kIp>;
  }
  return kLoopsOnFloats<Metric::kL2>;
}
