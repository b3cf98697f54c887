// Which statistics kernels show what: found by what their sums can do (statistics/tile.h).
#pragma once

#include "formats/format.h"
#include "statistics/all.h"

namespace ggufscope {
namespace {

template <class Statistic>
concept LooksAtRows = requires(Summing<Statistic> summing, const Group& group) {
  summing.begin_row(uint64_t{}, uint64_t{});
  summing.add(group, AllLanes{});
  summing.end_row();
};
template <class Statistic>
concept LooksAtValues =
    requires(Summing<Statistic> summing, TargetOf<Statistic>* into, const Group& group, const Tile& tile) {
      summing.add(group, AllLanes{});
      summing.finish(into, tile);
    };
template <class Statistic, class Format>
concept LooksAtBlocks = requires { sizeof(SummingBlocks<Statistic, Format>); };

template <class Statistic>
concept LooksAtSquares = requires(Summing<Statistic> summing) {
  summing.add_row(uint64_t{}, double{});
  summing.columns_of(uint64_t{}, uint64_t{}).add_squares(0, F32{});
};

// Of a group of `Lanes`, which is a LaneGroup<Format>.
template <class Statistic, class Lanes>
concept LooksAtLanes = requires(Summing<Statistic> summing, const Lanes& group) { summing.add_lanes(group); };

template <bool Full>
struct Tier {  // of a profile
  template <class Statistic>
  using Has = std::bool_constant<Full || Statistic::kFast>;
};
template <class Statistic>
using AreOfValues = std::bool_constant<LooksAtValues<Statistic> && !LooksAtRows<Statistic>>;
template <class Statistic>
using AreOfRows = std::bool_constant<LooksAtRows<Statistic>>;
template <class Format>
struct BlocksOf {
  template <class Statistic>
  using Are = std::bool_constant<LooksAtBlocks<Statistic, Format>>;
};

template <class Format>
using StatisticsOfBlocks = Filtered<AllStatistics, BlocksOf<Format>::template Are>;
template <bool Full>
using StatisticsOf = Filtered<AllStatistics, Tier<Full>::template Has>;
template <bool Full>
using ValuesOf = Filtered<StatisticsOf<Full>, AreOfValues>;
using Rows = Filtered<AllStatistics, AreOfRows>;

template <class List>
inline constexpr bool kIsEmpty = __is_same(List, StatisticList<>);

}  // namespace
}  // namespace ggufscope
