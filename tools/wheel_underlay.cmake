# Handed to CMake as CMAKE_PROJECT_INCLUDE when reobj_msgs is built against the ROS 2 wheels.
# The wheels' exported targets name an include folder of the machine that built them; CMake
# refuses a folder that does not exist. This drops such folders, so that the package's own
# CMakeLists.txt stays exactly what a robot builds.

function(reobj_drop_missing_includes)
  get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(folders ${target} INTERFACE_INCLUDE_DIRECTORIES)
    if(folders)
      set(kept)
      foreach(folder IN LISTS folders)
        if(EXISTS "${folder}" OR folder MATCHES "\\$<")
          list(APPEND kept "${folder}")
        endif()
      endforeach()
      set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${kept}")
    endif()
  endforeach()
endfunction()

cmake_language(DEFER CALL reobj_drop_missing_includes)
