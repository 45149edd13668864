# The client library as other programs use it: libtechtransfer.so with the layers base, proto, wire and client in it, its public headers, a
# pkg-config file and a CMake package. Programs are installed where they are made.
set (library_layers tt_base tt_proto tt_wire tt_client)
set (library_archives)
foreach (layer ${library_layers})
  list (APPEND library_archives $<TARGET_FILE:${layer}>)
endforeach ()

# A shared library wants a source of its own: this one carries the version, for `strings`.
file (CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/techtransfer-version.c CONTENT
  "static const char tt_library_version[] __attribute__ ((used)) = \"libtechtransfer @PROJECT_VERSION@\";\n" @ONLY)
add_library (techtransfer SHARED ${CMAKE_BINARY_DIR}/techtransfer-version.c)
add_dependencies (techtransfer ${library_layers})
set_target_properties (techtransfer PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINK_DEPENDS "${library_archives}")
target_link_libraries (techtransfer
  PRIVATE -Wl,--whole-archive ${library_archives} -Wl,--no-whole-archive -Wl,--no-undefined
          PkgConfig::libzmq PkgConfig::jansson PkgConfig::utf8proc tt_opencc Threads::Threads m tt_settings
  PUBLIC protobuf-c)
target_include_directories (techtransfer INTERFACE
  $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/common> $<BUILD_INTERFACE:${CMAKE_BINARY_DIR}/proto>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/techtransfer>)

# What a program may include; everything else is the suite's own.
set (public_headers
  base/arena.h base/buffer.h base/clock.h base/log.h base/status.h base/text.h base/uuid.h
  wire/decimal.h wire/envelope.h wire/json.h wire/topic.h
  bus/client.h bus/consumer.h bus/subscriber.h)
foreach (header ${public_headers})
  get_filename_component (folder ${header} DIRECTORY)
  install (FILES ${CMAKE_SOURCE_DIR}/common/${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/techtransfer/${folder} COMPONENT development)
endforeach ()
foreach (proto envelope patent achievement finance statistics)
  install (FILES ${CMAKE_BINARY_DIR}/proto/${proto}.pb-c.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/techtransfer COMPONENT development)
  install (FILES ${CMAKE_SOURCE_DIR}/proto/${proto}.proto DESTINATION ${CMAKE_INSTALL_DATADIR}/techtransfer/proto COMPONENT development)
endforeach ()

install (TARGETS techtransfer EXPORT techtransfer-targets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library NAMELINK_COMPONENT development)
install (EXPORT techtransfer-targets NAMESPACE techtransfer:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/techtransfer COMPONENT development)

include (CMakePackageConfigHelpers)
configure_package_config_file (${CMAKE_SOURCE_DIR}/ops/cmake/techtransfer-config.cmake.in ${CMAKE_BINARY_DIR}/techtransfer-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/techtransfer)
write_basic_package_version_file (${CMAKE_BINARY_DIR}/techtransfer-config-version.cmake COMPATIBILITY SameMinorVersion)
file (RELATIVE_PATH up_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix) # so that the tree can be moved
configure_file (${CMAKE_SOURCE_DIR}/ops/cmake/techtransfer.pc.in ${CMAKE_BINARY_DIR}/techtransfer.pc @ONLY)
install (FILES ${CMAKE_BINARY_DIR}/techtransfer-config.cmake ${CMAKE_BINARY_DIR}/techtransfer-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/techtransfer COMPONENT development)
install (FILES ${CMAKE_BINARY_DIR}/techtransfer.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
