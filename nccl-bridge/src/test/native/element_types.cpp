// Test double, holds no GPU: reductions, element by element.
#include "element_types.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace {

float bits_to_float(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

uint32_t float_to_bits(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

// bfloat16 is the upper half of a float32.
struct Bfloat16 {
    uint16_t bits;
    operator float() const { return bits_to_float(uint32_t{bits} << 16); }
    static Bfloat16 from(float value) {
        uint32_t wide = float_to_bits(value);
        if (std::isnan(value)) return {static_cast<uint16_t>((wide >> 16) | 0x40)};
        // Round to nearest, ties to even.
        return {static_cast<uint16_t>((wide + 0x7FFF + ((wide >> 16) & 1)) >> 16)};
    }
};

struct Float16 {
    uint16_t bits;
    operator float() const {
        int exponent = (bits >> 10) & 0x1F;
        int fraction = bits & 0x3FF;
        float magnitude = exponent == 0    ? std::ldexp(static_cast<float>(fraction), -24)
                          : exponent == 31 ? (fraction == 0 ? INFINITY : NAN)
                                           : std::ldexp(static_cast<float>(fraction + 1024),
                                                        exponent - 25);
        return (bits & 0x8000) != 0 ? -magnitude : magnitude;
    }
    static Float16 from(float value) {
        uint16_t sign = std::signbit(value) ? 0x8000 : 0;
        float magnitude = std::fabs(value);
        if (std::isnan(value)) return {static_cast<uint16_t>(sign | 0x7E00)};
        if (magnitude == 0) return {sign};
        // 65520 is half-way between the largest number and what would follow it.
        if (magnitude >= 65520.0f) return {static_cast<uint16_t>(sign | 0x7C00)};
        int exponent = 0;
        std::frexp(magnitude, &exponent);
        // Units in the last place; those of the smallest normal numbers serve the subnormal too.
        int unit = exponent - 11 < -24 ? -24 : exponent - 11;
        // nearbyint rounds to nearest, ties to even; a carry runs into the exponent as it should.
        int fraction = static_cast<int>(std::nearbyint(std::ldexp(magnitude, -unit)));
        return {static_cast<uint16_t>(sign + ((unit + 24) << 10) + fraction)};
    }
};

// The type in which elements are added up.
template <typename T>
using Wide = std::conditional_t<std::is_class_v<T>, float, T>;

template <typename T>
T narrow(Wide<T> value) {
    if constexpr (std::is_class_v<T>) {
        return T::from(value);
    } else {
        return value;
    }
}

template <typename W>
W add(W a, W b) {
    if constexpr (std::is_integral_v<W>) {
        return static_cast<W>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    } else {
        return a + b;
    }
}

template <typename W>
W multiply(W a, W b) {
    if constexpr (std::is_integral_v<W>) {
        return static_cast<W>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    } else {
        return a * b;
    }
}

// As on a GPU, a number wins over NaN.
template <typename W>
W larger(W a, W b) {
    if constexpr (std::is_integral_v<W>) {
        return a > b ? a : b;
    } else {
        return std::fmax(a, b);
    }
}

template <typename W>
W smaller(W a, W b) {
    if constexpr (std::is_integral_v<W>) {
        return a < b ? a : b;
    } else {
        return std::fmin(a, b);
    }
}

template <typename W>
W combine(int kind, W a, W b) {
    switch (kind) {
        case kProd: return multiply(a, b);
        case kMax: return larger(a, b);
        case kMin: return smaller(a, b);
        default: return add(a, b);
    }
}

// What each input is multiplied by before the sum. NCCL's average of floating-point numbers is such
// a sum.
template <typename T>
Wide<T> factor_of(const Reduction& reduction, size_t size) {
    using W = Wide<T>;
    if (reduction.kind == kAvg && !std::is_integral_v<W>) {
        return static_cast<W>(1) / static_cast<W>(size);
    }
    return static_cast<W>(1);
}

template <typename T>
void reduce_typed(const Reduction& reduction, const std::vector<const char*>& ranks, char* output,
                  size_t count) {
    using W = Wide<T>;
    const W factor = factor_of<T>(reduction, ranks.size());
    const bool divides = reduction.kind == kAvg && std::is_integral_v<W>;
    auto load = [&](size_t rank, size_t i) {
        T element;
        std::memcpy(&element, ranks[rank] + i * sizeof(T), sizeof(T));
        W wide = static_cast<W>(element);
        return factor == static_cast<W>(1) ? wide : multiply(wide, factor);
    };
    for (size_t i = 0; i < count; i++) {
        W sum = load(0, i);
        for (size_t rank = 1; rank < ranks.size(); rank++) {
            sum = combine(reduction.kind, sum, load(rank, i));
        }
        if (divides) {
            // In the wide type of all integers, or int8 would divide by a wrapped size.
            sum = std::is_signed_v<W>
                      ? static_cast<W>(static_cast<int64_t>(sum) /
                                       static_cast<int64_t>(ranks.size()))
                      : static_cast<W>(static_cast<uint64_t>(sum) / ranks.size());
        }
        T result = narrow<T>(sum);
        std::memcpy(output + i * sizeof(T), &result, sizeof(T));
    }
}

template <typename T>
void premultiply_typed(const Reduction& reduction, char* elements, size_t count) {
    using W = Wide<T>;
    T scalar;
    const void* source =
        reduction.device_scalar != nullptr ? reduction.device_scalar : reduction.scalar;
    std::memcpy(&scalar, source, sizeof scalar);
    for (size_t i = 0; i < count; i++) {
        T element;
        std::memcpy(&element, elements + i * sizeof(T), sizeof(T));
        T product = narrow<T>(multiply(static_cast<W>(element), static_cast<W>(scalar)));
        std::memcpy(elements + i * sizeof(T), &product, sizeof(T));
    }
}

}  // namespace

size_t bytes_of(int type) {
    static constexpr size_t kBytes[kElementTypes] = {1, 1, 4, 4, 8, 8, 2, 4, 8, 2};
    return kBytes[type];
}

void premultiply(int type, const Reduction& reduction, char* elements, size_t count) {
    if (!reduction.has_scalar) return;
    switch (type) {
        case kInt8: return premultiply_typed<int8_t>(reduction, elements, count);
        case kUint8: return premultiply_typed<uint8_t>(reduction, elements, count);
        case kInt32: return premultiply_typed<int32_t>(reduction, elements, count);
        case kUint32: return premultiply_typed<uint32_t>(reduction, elements, count);
        case kInt64: return premultiply_typed<int64_t>(reduction, elements, count);
        case kUint64: return premultiply_typed<uint64_t>(reduction, elements, count);
        case kFloat16: return premultiply_typed<Float16>(reduction, elements, count);
        case kFloat32: return premultiply_typed<float>(reduction, elements, count);
        case kFloat64: return premultiply_typed<double>(reduction, elements, count);
        default: return premultiply_typed<Bfloat16>(reduction, elements, count);
    }
}

void reduce(int type, const Reduction& reduction, const std::vector<const char*>& ranks,
            char* output, size_t count) {
    switch (type) {
        case kInt8: return reduce_typed<int8_t>(reduction, ranks, output, count);
        case kUint8: return reduce_typed<uint8_t>(reduction, ranks, output, count);
        case kInt32: return reduce_typed<int32_t>(reduction, ranks, output, count);
        case kUint32: return reduce_typed<uint32_t>(reduction, ranks, output, count);
        case kInt64: return reduce_typed<int64_t>(reduction, ranks, output, count);
        case kUint64: return reduce_typed<uint64_t>(reduction, ranks, output, count);
        case kFloat16: return reduce_typed<Float16>(reduction, ranks, output, count);
        case kFloat32: return reduce_typed<float>(reduction, ranks, output, count);
        case kFloat64: return reduce_typed<double>(reduction, ranks, output, count);
        default: return reduce_typed<Bfloat16>(reduction, ranks, output, count);
    }
}
