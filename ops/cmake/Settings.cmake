# Compiler settings for every target of the project.
set (CMAKE_C_STANDARD 11)
set (CMAKE_C_STANDARD_REQUIRED ON)
set (CMAKE_C_EXTENSIONS ON) # POSIX and GNU functions of the C library
set (CMAKE_POSITION_INDEPENDENT_CODE ON)
set (CMAKE_EXPORT_COMPILE_COMMANDS ON)
if (NOT CMAKE_BUILD_TYPE)
  set (CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif ()

set (CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g") # asserts stay: a daemon that is wrong about itself must stop

add_library (tt_settings INTERFACE)
target_compile_definitions (tt_settings INTERFACE _GNU_SOURCE TT_VERSION="${PROJECT_VERSION}")
target_compile_options (tt_settings INTERFACE
  -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-align -Wwrite-strings
  -Wvla -Wundef -Wformat=2 -Wno-format-nonliteral -fno-common -fstack-protector-strong
  $<$<BOOL:${TT_WERROR}>:-Werror>)
if (TT_SANITIZE)
  target_compile_options (tt_settings INTERFACE -fsanitize=${TT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options (tt_settings INTERFACE -fsanitize=${TT_SANITIZE})
else ()
  target_compile_definitions (tt_settings INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
endif ()
if (TT_FUZZ)
  target_compile_options (tt_settings INTERFACE -fsanitize=fuzzer-no-link)
endif ()
target_link_options (tt_settings INTERFACE -Wl,-z,relro,-z,now)
