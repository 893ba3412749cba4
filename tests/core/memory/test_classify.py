"""Every name under which memory runs out is known; nothing else is taken for it."""

from __future__ import annotations

import errno

import numpy as np
import pytest

from core.errors import InputError, ResourceError
from core.memory.classify import READ_CHARS, FaultKind, classify

GIB = 1 << 30
MIB = 1 << 20


class OutOfMemoryError(RuntimeError):
    """Named as torch's, which is a RuntimeError too."""


class AcceleratorError(RuntimeError):
    """Named as torch's."""


class XlaRuntimeError(RuntimeError):
    pass


MEMORY = [
    OutOfMemoryError(""),
    OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
    RuntimeError("CUDA out of memory. Tried to allocate 1.90 GiB (GPU 0; 7.79 GiB total)"),
    RuntimeError("HIP out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB, max allowed: 9.07 GB)."),
    RuntimeError("XPU out of memory. Tried to allocate 3.00 GiB."),
    AcceleratorError("CUDA error: out of memory\nCUDA kernel errors might be reported later"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`"),
    RuntimeError("cuDNN error: CUDNN_STATUS_NOT_SUPPORTED. This error may appear if you passed"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    RuntimeError("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR"),
    RuntimeError("GET was unable to find an engine to execute this computation"),
    RuntimeError("Unable to find a valid cuDNN algorithm to run convolution"),
    RuntimeError("CUDA driver error: device not ready"),
    RuntimeError('handles_.at(i) INTERNAL ASSERT FAILED at "../c10/cuda/driver_api.cpp":18'),
    RuntimeError(
        'NVML_SUCCESS == r INTERNAL ASSERT FAILED at "/opt/pytorch/CUDACachingAllocator.cpp":838'
    ),
    RuntimeError(
        '[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can\'t allocate memory:'
        " you tried to allocate 4000000000 bytes. Error code 12 (Cannot allocate memory)"
    ),
    RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 7 bytes."),
    MemoryError(),
    RuntimeError("Could not allocate tensor. There is not enough GPU video memory available!"),
    RuntimeError("Invalid buffer size: 24.00 GB"),
    RuntimeError("CUDA failed with error out of memory"),
    RuntimeError("std::bad_alloc"),
    RuntimeError("Failed to allocate memory for requested buffer of size 1048576"),
    RuntimeError("unable to mmap 3000 bytes from file <model>: Cannot allocate memory (12)"),
    OSError(errno.ENOMEM, "Cannot allocate memory"),
]  # fmt: skip

FATAL = [
    RuntimeError("CUDA error: an illegal memory access was encountered"),
    AcceleratorError("CUDA error: device-side assert triggered\nout of memory"),
    RuntimeError("CUDA error: unspecified launch failure"),
    RuntimeError("CUDA error: misaligned address"),
    RuntimeError("CUDA error: uncorrectable ECC error encountered"),
    RuntimeError("CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm`"),
    RuntimeError("HIP error: unknown error"),
]

OTHER = [
    RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"),
    RuntimeError("CUDA error: invalid configuration argument"),
    RuntimeError("Expected all tensors to be on the same device"),
    XlaRuntimeError("the memory of it lingers"),
    ValueError("cannot say 'CUDA out of memory'"),
    KeyError("out of memory"),
    InputError("The text 'CUDA error: an illegal memory access' is too long."),
    ResourceError("There is no room left on the disk: out of memory."),
    OSError(errno.ENOSPC, "No space left on device"),
    FileNotFoundError(errno.ENOENT, "out of memory.txt"),
    KeyboardInterrupt(),
]


def name(error: BaseException) -> str:
    return f"{type(error).__name__} {error}"[:60]


@pytest.mark.parametrize("error", MEMORY, ids=name)
def test_memory_that_ran_out_is_known_under_every_name(error: BaseException) -> None:
    assert classify(error).kind is FaultKind.MEMORY


@pytest.mark.parametrize("error", FATAL, ids=name)
def test_a_lost_device_is_known(error: BaseException) -> None:
    assert classify(error).kind is FaultKind.FATAL


@pytest.mark.parametrize("error", OTHER, ids=name)
def test_anything_else_is_left_alone(error: BaseException) -> None:
    assert classify(error).kind is FaultKind.OTHER


def test_numpys_own_error_is_memory_of_the_host() -> None:
    with pytest.raises(MemoryError) as caught:
        np.ones(1 << 60, dtype=np.uint8)
    fault = classify(caught.value)
    assert (fault.kind, fault.is_host, fault.asked_bytes) == (FaultKind.MEMORY, True, 1 << 60)


def test_an_error_raised_from_exhaustion_is_exhaustion() -> None:
    wrapped = RuntimeError("decoding failed")
    wrapped.__cause__ = ValueError("inner")
    wrapped.__cause__.__cause__ = OutOfMemoryError("CUDA out of memory.")
    assert classify(wrapped).kind is FaultKind.MEMORY


def test_a_bug_met_while_handling_exhaustion_stays_a_bug() -> None:
    bug = RuntimeError("a bug")
    bug.__context__ = OutOfMemoryError("CUDA out of memory.")
    assert classify(bug).kind is FaultKind.OTHER


def test_an_error_that_causes_itself_is_read_once() -> None:
    ring = RuntimeError("ring")
    ring.__cause__ = RuntimeError("ring")
    ring.__cause__.__cause__ = ring
    assert classify(ring).kind is FaultKind.OTHER


def test_numbers_in_the_message_are_read() -> None:
    fault = classify(
        OutOfMemoryError(
            "CUDA out of memory. Tried to allocate 1.50 GiB. GPU 0 has a total capacity of"
            " 7.79 GiB of which 340.00 MiB is free. Process 1 has 2 GiB memory in use.\nmore"
        )
    )
    assert (fault.asked_bytes, fault.free_bytes) == (3 * GIB // 2, 340 * MIB)
    assert "\n" not in fault.text
    assert fault.text.startswith("OutOfMemoryError: CUDA out of memory.")


def test_whose_memory_ran_out_is_told() -> None:
    assert classify(MemoryError()).is_host
    assert classify(RuntimeError("DefaultCPUAllocator: can't allocate memory")).is_host
    assert not classify(RuntimeError("CUDA out of memory.")).is_host


def test_only_the_beginning_of_an_endless_message_is_read() -> None:
    assert classify(RuntimeError("x" * READ_CHARS + "out of memory")).kind is FaultKind.OTHER
