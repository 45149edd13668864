# tt_layer (name SOURCES ... USES ...): one layer of common/ as the target tt_<name>. A layer sees only the layers it uses; the test
# tests/layers.py holds the includes against that.
function (tt_layer name)
  cmake_parse_arguments (arg "" "" "SOURCES;USES" ${ARGN})
  add_library (tt_${name} STATIC ${arg_SOURCES})
  target_include_directories (tt_${name} PUBLIC ${CMAKE_SOURCE_DIR}/common)
  target_link_libraries (tt_${name} PUBLIC ${arg_USES} PRIVATE tt_settings)
endfunction ()

# tt_service (name DAEMON executable SOURCES ... USES ...): the library tt_service_<name> (everything but main.c, so that tests can
# link it) and the daemon.
function (tt_service name)
  cmake_parse_arguments (arg "" "DAEMON" "SOURCES;USES" ${ARGN})
  add_library (tt_service_${name} STATIC ${arg_SOURCES})
  target_include_directories (tt_service_${name} PUBLIC ${CMAKE_SOURCE_DIR}/common ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries (tt_service_${name} PUBLIC ${arg_USES} PRIVATE tt_settings)
  if (arg_DAEMON)
    add_executable (${arg_DAEMON} main.c)
    target_link_libraries (${arg_DAEMON} PRIVATE tt_service_${name} tt_run tt_settings)
    install (TARGETS ${arg_DAEMON} RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR} COMPONENT daemons)
  endif ()
endfunction ()

# tt_unit_test (name SOURCES ... USES ...): a Criterion program, one CTest test.
function (tt_unit_test name)
  cmake_parse_arguments (arg "" "" "SOURCES;USES" ${ARGN})
  if (NOT TT_BUILD_TESTS)
    return ()
  endif ()
  add_executable (test_${name} ${arg_SOURCES})
  target_include_directories (test_${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries (test_${name} PRIVATE ${arg_USES} PkgConfig::criterion tt_settings)
  target_compile_definitions (test_${name} PRIVATE TT_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  add_test (NAME unit.${name} COMMAND test_${name} --short-filename WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties (unit.${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction ()
