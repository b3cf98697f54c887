// The members that make up a value, listed beside them:
//
//   struct Extremes {
//     float min, max;
//     using Members = MemberList<&Extremes::min, &Extremes::max>;
//   };
//
// Comparison and pickling (state.h) follow from the list. It is a type alone, so that the structs of kernel units leave
// no symbol.
#pragma once

namespace ggufscope {

template <auto... Member>
struct MemberList {};

template <class T>
concept HasMembers = requires { typename T::Members; };

template <class T, class Visit, auto... Member>
[[gnu::always_inline]] inline void each_member(T& value, Visit visit, MemberList<Member...>) {
  (visit(value.*Member), ...);
}

}  // namespace ggufscope
